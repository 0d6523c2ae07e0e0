"""The person's own pages: what is known, whether it works, what can be done about it.

`app.build_app` joins the parts; a handler in `views` asks the `AgentFace` for data, `overview` puts it into what the
first screen says, a template shows it. Nothing is stored here.
"""
