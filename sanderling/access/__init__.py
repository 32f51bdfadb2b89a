"""Who is calling and what that one may do, with a reason."""
