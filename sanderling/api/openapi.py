"""Writes the OpenAPI document.

`python -m sanderling.api.openapi > docs/reference/openapi.json` renews the committed copy.
"""

import sys

from sanderling.api.openapi_document import openapi_text

if __name__ == "__main__":
    sys.stdout.write(openapi_text())
