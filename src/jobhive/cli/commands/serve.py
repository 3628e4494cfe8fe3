"""`jobhive serve`: the HTTP server and the duties of upkeep, without a worker."""

from jobhive.cli.commands.options import App, Data, Host, InferenceDialect, InferenceUrl, Model, Port, Url


def serve(
    app: App = None,
    host: Host = None,
    port: Port = None,
    model: Model = None,
    inference_url: InferenceUrl = None,
    inference_dialect: InferenceDialect = None,
    url: Url = None,
    data: Data = None,
) -> None:
    """Serve the API. Jobs run in workers: `jobhive worker`, or everything in one with `jobhive up`.

    \b
    Example: jobhive serve --port 8700
    """
    from jobhive.cli.loading import load_app, settle
    from jobhive.cli.programs.loop import run_program
    from jobhive.cli.programs.serving import serve_until_stopped

    settings = settle(
        host=host,
        port=port,
        url=url,
        data=data,
        model=model,
        inference_url=inference_url,
        inference_dialect=inference_dialect,
    )
    loaded = load_app(app)
    run_program(settings, lambda stop: serve_until_stopped(loaded, settings, stop))
