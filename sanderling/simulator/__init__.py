"""Plays the mail and calendar providers, as strictly as they are and as faulty as asked."""
