"""A Merkle log in the open C2SP formats: tree, signed notes, checkpoints, proofs, witnesses, verification.

Usable alone: nothing here imports anything of Gleanwatch. Bytes go in as entries, come out as proofs and signed
checkpoints that other people's tools can check.
"""
