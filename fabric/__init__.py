"""Design BGP spine-leaf fabrics across failure zones: plan, render, simulate and prove them."""

__version__ = "0.1.0"
