"""Rehearsal: what a policy would do, shown before it is in force, in a form that a works council can sign.

    POLICY → draft.py (read and refused as `run` does)
           → playing.py: a working day out of cast.py, played through the real parts, on a database that is thrown
             away, under a clock that is moved by hand
           → sides.py: what the person, the compliance team and a researcher see of it
           → places.py: what each jurisdiction refuses of it; how it differs from the policy in force
           → signing.py: one hash over all of it but that difference

The same input gives the same document and the same hash on any machine, in any time zone: nothing of the machine goes
in, no name, no time, no random number comes out.
"""
