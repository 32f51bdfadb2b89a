"""Why a demo ends early."""


class DemoFailed(Exception):
    """Something did not go as it must; the text says what."""
