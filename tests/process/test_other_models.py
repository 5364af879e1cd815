"""Models of one's own are served by naming their module, and keep what was written over a restart."""

import signal

MODULE = """
from tortoise import Model, fields


class Ship(Model):
    name = fields.CharField(64, primary_key=True)
    flagship = fields.ForeignKeyField("app.Ship", related_name="escorts", null=True, on_delete=fields.SET_NULL)

    class Meta:
        table = "ships"
"""


def test_a_module_in_the_working_directory_is_served_and_keeps_its_rows(serve, tmp_path):
    (tmp_path / "fleet.py").write_text(MODULE)
    home = tmp_path / "home"
    first = serve(home, cwd=tmp_path, models="fleet")
    first.post("ships:create", {"name": "Victory"})
    mutation = 'mutation { createShip(values: {name: "Pickle", flagshipId: "Victory"}) { record { name } } }'
    created = first.client.post("/graphql", json={"query": mutation}).json()
    first.end(signal.SIGTERM)
    second = serve(home, cwd=tmp_path, models="fleet")
    query = '{ ships(sort: ["name"]) { items { name flagship { name } } } }'
    found = second.client.post("/graphql", json={"query": query}).json()
    listed = second.client.get("/api/ships:list", params={"sort": "name"}).json()["data"]

    assert {"data": {"createShip": {"record": {"name": "Pickle"}}}} == created
    assert [
        {"name": "Pickle", "flagship": {"name": "Victory"}},
        {"name": "Victory", "flagship": None},
    ] == found["data"]["ships"]["items"]
    assert [("Pickle", "Victory"), ("Victory", None)] == [(each["name"], each["flagshipId"]) for each in listed]


def test_a_project_with_an_api_package_of_its_own_does_not_hide_ours(serve, tmp_path):
    (tmp_path / "fleet.py").write_text(MODULE)
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "__init__.py").write_text("raise ImportError('somebody else')\n")
    started = serve(tmp_path / "home", cwd=tmp_path, models="fleet")

    assert 200 == started.client.get("/api/ships:list").status_code


def test_the_workflows_of_other_models_run(serve, tmp_path):
    served = serve(tmp_path / "home", models="tests.shop")
    served.post(
        "workflows:create",
        {
            "key": "welcome",
            "title": "A coupon for everybody",
            "type": "action",
            "sync": True,
            "enabled": True,
            "config": {"collection": "shop_customers"},
            "nodes": [
                {
                    "key": "coupon",
                    "type": "create",
                    "config": {
                        "collection": "coupons",
                        "values": {"code": "WELCOME", "customerId": "{{$context.data.id}}"},
                    },
                }
            ],
        },
    )
    made = served.post("shop_customers:create?triggerWorkflows=welcome", {"name": "Ada"})
    [coupon] = served.client.get("/api/coupons:list").json()["data"]

    assert ["succeeded"] == [each["status"] for each in made["meta"]["workflows"]]
    assert made["data"]["id"] == coupon["customerId"]
