"""How sealed an OpenBao pod is, as the pod itself tells it."""

from pydantic import BaseModel, ConfigDict, Field


class SealStatus(BaseModel):
    """One pod's answer of `sys/seal-status`; shares are counted in that pod's memory alone (research §5.6)."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    type: str = ""
    """`shamir`, or how it unseals by itself."""
    initialized: bool
    sealed: bool
    threshold: int = Field(alias="t", ge=0)
    """How many shares open it."""
    shares: int = Field(alias="n", ge=0)
    """How many there are."""
    progress: int = Field(ge=0)
    """How many were given since it was sealed, or since the last attempt failed."""
    nonce: str = ""
    """Of the running attempt; a new one means that somebody began anew."""
    version: str = ""
    migration: bool = False
    recovery_seal: bool = False
    """Whether it unseals by itself and the shares are for recovery only."""
