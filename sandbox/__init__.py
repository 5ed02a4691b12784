"""The local stand-ins: a simulated provider and a simulated Discord over real HTTP and WebSocket."""
