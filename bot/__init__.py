"""Showreel: a Discord bot that makes AI videos for a community and accounts for every one."""
