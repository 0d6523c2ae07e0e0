"""`python -P -m agent`: the command `gleanwatch`, for whoever starts it by interpreter: a service does."""

from agent.cli.main import main

if __name__ == "__main__":
    main(prog_name="gleanwatch")
