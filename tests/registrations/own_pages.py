"""Short ways to a volunteer's own page."""

from events.registrations.tokens import manage_path

NAME = "Nguyễn Hoàng Phương Thảo Nguyên"


def show(client, registration, path="", **query):
    return client.get(f"{manage_path(registration)}{path}", query)


def page_of(client, registration, **query):
    response = show(client, registration, **query)
    assert response.status_code == 200
    return response.content.decode()


def post(client, registration, path, **typed):
    return client.post(f"{manage_path(registration)}{path}/", typed)
