"""From processes and page loads to findings: what is this tool, how sure are we, is it collecting in bulk.

`identify/` answers which tool a started process is, `context.py` says what the surroundings take away from that,
`scoring.py` turns evidence into confidence, level and flag, `cadence.py` judges the rhythm of page loads, `findings.py`
joins everything over time into findings, and `explain.py` says them in plain English. Nothing here stores or sends.
"""
