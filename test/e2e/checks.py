"""Counts the checks of a script, which ends with `N passed, N failed`."""
import sys

passed, failed = 0, 0


def check(condition, what):
    global passed, failed
    if condition:
        passed += 1
    else:
        failed += 1
        print(f"failed: {what}")


def finish():
    """Prints the counts; the exit status is 1 if any check failed."""
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)
