"""The vocabulary of the whole house, as plain frozen types. Imports nothing of ours."""
