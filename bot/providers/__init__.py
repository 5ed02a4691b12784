"""The only part that speaks to a provider: those who make videos, one account at one base URL each."""
