"""Purposes, notices, acts and the gate: who was told what, and what may be observed because of it."""
