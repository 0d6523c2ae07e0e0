"""Little programs in many languages: such as collect, and such as do ordinary work. Material for the readers' tests."""
