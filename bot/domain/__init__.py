"""Values and rules of Showreel: no clock, no network, no disk."""
