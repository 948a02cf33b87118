import pytest

from postgres import PASSWORD, Server


def test_server_makes_fresh_databases_that_ask_for_the_password_and_outlive_a_crash(postgres: Server) -> None:
    psycopg = pytest.importorskip("psycopg")
    one, two = postgres.database(), postgres.database()
    assert one != two
    assert PASSWORD not in one
    with psycopg.connect(one) as connection:
        connection.execute("CREATE TABLE kept (value int)")
    postgres.restart("immediate")
    with psycopg.connect(one) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(one.replace("s3cret", "wrong"))
