"""What every face over HTTP shares: sessions, the guard before every request, templates, words, charts, static files.

A request passes `security.guard` (Host, Origin, session, form token), reaches a face's handler, and leaves through
`security.add_headers`. Knows nothing of what is shown.
"""
