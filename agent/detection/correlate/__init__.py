"""What a recognised tool is doing: activity, exports and rhythm, put before rules that say what collecting looks like.

`facts` turns what was seen into the closed list of fields that rules may read, `rules` asks the Sigma engine about them
and answers with evidence (`said`), `shipped` has our own rules ready.
"""
