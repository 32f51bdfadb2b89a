"""What tests share: real servers on free ports, and builders of values."""
