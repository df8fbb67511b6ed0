# SPDX-License-Identifier: Apache-2.0
"""Names that no other test uses."""
import uuid


def unique(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:12]}"
