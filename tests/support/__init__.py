"""Shared parts of the tests that run real things: browsers, the agent, a stand-in agent, a raw protocol client."""
