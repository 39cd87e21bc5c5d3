"""What all tests share: the fixtures of real hosts."""

pytest_plugins = ["tests.bed.fixtures"]
