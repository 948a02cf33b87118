"""``volopt dashboard``: watch the studies in the browser."""

import contextlib

import click

from volopt.cli import options


@click.command("dashboard", epilog="Example: volopt dashboard --open")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where to listen.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port; default: the first free one from 8080 on.")
@click.option("--read-only", is_flag=True, help="Refuse every change to a study.")
@click.option("--open", "opens", is_flag=True, help="Open the browser.")
@options.storage
def command(host: str, port: int | None, read_only: bool, opens: bool, storage: str) -> None:
    """Watch the studies in the browser: optuna-dashboard, with a picture of each trial and a report of each study.

    It has no login; only this machine can reach it, unless --host says otherwise. Ctrl-C ends it.
    """
    import threading
    import webbrowser

    from volopt.dashboard.pages import Pages
    from volopt.dashboard.serve import dashboard, listen
    from volopt.report.page import page
    from volopt.report.studies import studies_page
    from volopt.storage.artifacts import artifacts_of
    from volopt.storage.database.connect import connect

    reader = options.open_storage(storage)
    writer = None if read_only else connect(storage, write=True)
    app = dashboard(reader, writer, artifacts_of(reader), Pages(studies_page, page))
    with contextlib.suppress(KeyboardInterrupt), listen(host, port, app) as server:
        if not server.local:
            may = "see" if read_only else "change and delete"
            click.echo(f"Warning: there is no login. Everyone who can reach {host} can {may} the studies.", err=True)
        click.echo(f"Dashboard: {server.url}/\nReports: {server.url}/report/NAME\nCtrl-C ends it.")
        if opens:  # in a thread, because a text browser returns only when it is closed
            threading.Thread(target=webbrowser.open, args=[f"{server.url}/"], daemon=True).start()
        server.serve_forever()
