"""Workflows that would have the service call where its caller cannot: inside, itself, with what is not theirs (G)."""

import json
import re
from typing import Any

import pytest

from engine.outgoing.secrets import Secret
from engine.system.models import Execution, Job, Workflow
from tests.attacks.world import told
from tests.other_service import LOOPBACK, reply

VALUE = "sk_live_0123456789"


@pytest.fixture
def allowed() -> tuple[Any, ...]:
    """The private networks that the operator allows; to be overridden."""
    return ()


@pytest.fixture
def changed(allowed: tuple[Any, ...]) -> dict[str, Any]:
    secrets = {"stripe": Secret(VALUE, frozenset({"api.stripe.com"}))}
    return {"private_networks": allowed, "secrets": secrets}


where_the_sink_is_allowed = pytest.mark.parametrize("allowed", [(LOOPBACK,)], ids=["allowed"])


@pytest.fixture
def call(world):
    """Has an editor's workflow call, from a write of theirs; answers what its history says, and who was called."""

    async def call(url: str, text: str = "x", **config: Any) -> Execution:
        document = {
            "key": f"caller-{await Execution.all().count()}",
            "title": "Caller",
            "type": "action",
            "sync": True,
            "enabled": True,
            "config": {"collection": "notes"},
            "nodes": [{"key": "call", "type": "request", "config": {"url": url, **config}}],
        }
        saved = await world.service.engine.versions.create(document)
        path = f"notes:create?triggerWorkflows={saved.key}"
        answer = await world.send("POST", path, world.tokens["root"], json={"text": text})
        assert 200 == answer.status_code, answer.text
        return await Execution.filter(key=saved.key).get()

    return call


INSIDE = [
    *(
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
    ),
    *("127.000.000.001", "0.0.0.0", "0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]"),
    *(
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "①②⑦.0.0.1",
        "127。0。0。1",
        "ⓛocalhost",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
    ),
]
ELSEWHERE = [
    *("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "169.254.1.1", "169.254.169.254"),
    *(
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "[fe80::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
    ),
    *(
        "[::ffff:169.254.169.254]",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "metadata.google.internal",
        "168.63.129.16",
    ),
]


async def test_what_is_inside_is_not_called_however_it_is_spelt(world, call):
    """G01, G02."""
    url = f"http://{{{{$context.data.text}}}}:{world.sink.port}/"
    ended = {host: await call(url, host) for host in (*INSIDE, *ELSEWHERE)}

    assert [] == world.sink.heard
    assert {"error"} == {execution.status for execution in ended.values()}
    assert [] == [host for host in ended if not re.search("BLOCKED_ADDRESS|The URL", ended[host].error)]


async def test_a_closed_door_and_an_open_one_look_alike(world, call):
    """G12: the service is no scanner of ports."""
    open_one = await call(f"http://127.0.0.1:{world.sink.port}/")
    closed = await call("http://127.0.0.1:1/")

    assert open_one.error == closed.error
    assert [] == world.sink.heard


SCHEMES = [
    *(
        "file:///etc/passwd",
        "gopher://127.0.0.1:25/",
        "ftp://127.0.0.1/",
        "unix:///run/docker.sock",
        "data:text/plain,x",
    ),
    *(
        "dict://127.0.0.1/",
        "ldap://127.0.0.1/",
        "jar:http://x!/",
        "//127.0.0.1/",
        "http:127.0.0.1",
        "http:///x",
        "javascript:1",
    ),
    *(
        "http+unix://%2Frun%2Fdocker.sock/",
        "HTTP//127.0.0.1",
        "http://",
        "http://:80/",
        "http://x:99999/",
        "http://x:-1/",
    ),
]


async def test_other_schemes_are_refused_when_a_workflow_is_saved(world, nothing_happened):
    """G06."""
    node = {"key": "call", "type": "request"}
    document = {"title": "x", "type": "action", "config": {"collection": "posts"}}
    async with nothing_happened():
        answers = {
            url: await world.send(
                "POST",
                "workflows:create",
                world.tokens["root"],
                json={**document, "nodes": [{**node, "config": {"url": url}}]},
            )
            for url in SCHEMES
        }

    assert [] == [url for url, answer in answers.items() if ("WORKFLOW_INVALID",) != told(answer).codes[:1]]


async def test_what_data_makes_of_an_address_is_held_to_the_same_rule(world, call):
    """G06, G08: it is looked at when it is whole."""
    port = world.sink.port
    parts = [
        f"127.0.0.1:{port}",
        f"x@127.0.0.1:{port}",
        f"localhost:{port}#",
        f"127.0.0.1:{port}/?",
        f"2130706433:{port}",
    ]
    ended = [await call("http://{{$context.data.text}}/", title) for title in parts]
    ended += [await call("{{$context.data.text}}", url) for url in SCHEMES]

    assert [] == world.sink.heard
    assert {"error"} == {execution.status for execution in ended}


async def test_a_proxy_or_a_password_file_of_the_environment_is_not_used(world, call, monkeypatch, tmp_path):
    """G11."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{world.sink.port}")
    await call("http://127.0.0.1:1/")
    await call("http://nothing.invalid/")

    assert [] == world.sink.heard


SHOWN = [
    {"headers": {"Authorization": {"secret": "stripe"}}},
    {"headers": {"X-Key": {"secret": "stripe"}}, "method": "POST", "json": {}},
]


@where_the_sink_is_allowed
async def test_it_is_called(world, call):
    """Otherwise nothing here would show anything."""
    assert "succeeded" == (await call(world.sink.url("/"))).status
    assert 1 == len(world.sink.heard)


REDIRECTS = [
    *(
        "http://127.0.0.2:{port}/inside",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/",
        "http://[::1]:{port}/",
    ),
    *(
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/",
        "//169.254.169.254/",
        "http://localhost.:1/",
        "http://0:{port}/",
    ),
]


@where_the_sink_is_allowed
async def test_each_step_of_a_redirect_is_looked_at(world, call):
    """G04."""
    ended = []
    for number, target in enumerate(REDIRECTS):
        for status in (301, 302, 303, 307, 308):
            path = f"/{number}/{status}"
            world.sink.answers[path] = reply(status, location=target.format(port=world.sink.port))
            ended.append(await call(world.sink.url(path)))

    assert {"error"} == {execution.status for execution in ended}
    assert len(ended) == len(world.sink.heard)
    assert not [heard for heard in world.sink.heard if heard.target == "/inside"]


@where_the_sink_is_allowed
async def test_a_redirect_has_an_end(world, call):
    world.sink.answers["/"] = reply(302, location=world.sink.url("/"))
    ended = await call(world.sink.url("/"))

    assert "error" == ended.status
    assert 6 == len(world.sink.heard)


@where_the_sink_is_allowed
async def test_our_own_address_is_not_called_whatever_is_allowed(world, call):
    """G09: nor does a call carry a token of ours."""
    own = await call("http://127.0.0.1:3000/api/users:create", method="POST", json={})
    await call(world.sink.url("/"))

    assert "BLOCKED_ADDRESS" in own.error
    assert [] == [name for name in world.sink.heard[0].headers if name in ("authorization", "cookie", "x-role")]


@where_the_sink_is_allowed
@pytest.mark.parametrize("config", SHOWN)
async def test_a_secret_goes_to_the_hosts_it_is_for(world, call, config):
    """G13: asked for another one, which a template brings, the call is not made."""
    ended = await call("{{$context.data.text}}", world.sink.url("/"), **config)

    assert "error" == ended.status
    assert [] == world.sink.heard
    assert VALUE not in await _history()


STRIPE = "https://api.stripe.com/{{$context.data.id}}"
OTHER_HOST = "https://api.stripe.com.example.org/"
ANYWHERE = "https://{{$context.data.title}}/"


def showing(url: str, secret: str, **more: Any) -> dict[str, Any]:
    headers = {"Authorization": {"secret": secret}}
    return {"key": "call", "type": "request", "config": {"url": url, "headers": headers, **more}}


HEADER, SIGN = ["nodes", 0, "config", "headers", "Authorization", "secret"], ["nodes", 0, "config", "sign"]
UNKNOWN = {
    "one that is not there": (showing(STRIPE, "nobody"), [HEADER]),
    "two": (showing(STRIPE, "nobody", sign="nobody"), [HEADER, SIGN]),
    "one to sign with": (showing(STRIPE, "stripe", sign="Stripe"), [SIGN]),
    "another host's": (showing(OTHER_HOST, "stripe", sign="stripe"), [HEADER, SIGN]),
    "one that is not there, for any host": (showing(ANYWHERE, "nobody"), [HEADER]),
    "one of the settings": (showing(STRIPE, "BANGPATH_SECRET"), [HEADER]),
}


@pytest.mark.parametrize(("node", "places"), UNKNOWN.values(), ids=UNKNOWN)
async def test_a_secret_that_there_is_none_of_is_refused_when_it_is_saved(door, nothing_happened, node, places):
    document = {"title": "x", "type": "action", "config": {"collection": "posts"}, "nodes": [node]}
    async with nothing_happened():
        answer = await door.workflow("create", values=document)

    assert [("WORKFLOW_INVALID", place) for place in places] == [
        (error["code"], error["path"]) for error in answer.errors
    ]
    assert VALUE not in str(answer.errors)


@pytest.mark.parametrize("url", [STRIPE, "HTTPS://API.Stripe.com:443?x", ANYWHERE])
async def test_one_that_there_is_can_be_saved(door, url):
    document = {"title": "x", "type": "action", "config": {"collection": "posts"}, "nodes": [showing(url, "stripe")]}

    assert [] == (await door.workflow("create", values=document)).codes


async def test_a_workflow_whose_secret_was_taken_away_is_disabled_and_not_enabled_again(door, service):
    document = {"key": "old", "title": "x", "type": "action", "enabled": True, "config": {"collection": "posts"}}
    saved = await service.engine.versions.create(document)
    await Workflow.filter(id=saved.id).update(nodes=[showing(STRIPE, "gone")])
    await service.engine.catalog.reload()
    disabled = await door.workflow("update", key=saved.id, values={"enabled": False, "title": "y"})
    enabled = await door.workflow("update", key=saved.id, values={"enabled": True})

    assert ([], ["WORKFLOW_INVALID"]) == (disabled.codes, enabled.codes)
    assert (False, "y") == (await Workflow.get(id=saved.id).values_list("enabled", "title"))


@pytest.mark.parametrize(
    "text", ["{{$secrets.stripe}}", "{{secret.stripe}}", "{{$env.BANGPATH_SECRET}}", "{{$settings}}"]
)
@where_the_sink_is_allowed
async def test_no_template_has_a_secrets_value(world, nothing_happened, text):
    node = {"key": "call", "type": "request", "config": {"url": world.sink.url("/"), "query": {"x": text}}}
    document = {"title": "x", "type": "action", "config": {"collection": "posts"}, "nodes": [node]}
    async with nothing_happened():
        answer = await world.send("POST", "workflows:create", world.tokens["root"], json=document)

    assert ("WORKFLOW_INVALID",) == told(answer).codes[:1]


@pytest.mark.parametrize("name", ["Host", "Connection", "Content-Length", "Transfer-Encoding", "Proxy-Authorization"])
@where_the_sink_is_allowed
async def test_headers_that_make_another_request_of_it_are_refused(world, nothing_happened, name):
    node = {"key": "call", "type": "request", "config": {"url": world.sink.url("/"), "headers": {name: "x"}}}
    document = {"title": "x", "type": "action", "config": {"collection": "posts"}, "nodes": [node]}
    async with nothing_happened():
        answer = await world.send("POST", "workflows:create", world.tokens["root"], json=document)

    assert ("WORKFLOW_INVALID",) == told(answer).codes[:1]


@where_the_sink_is_allowed
async def test_data_ends_no_header_and_begins_no_request(world, call):
    await call(
        world.sink.url("/"),
        "x\r\nX-Role: root\r\n\r\nGET /second HTTP/1.1",
        headers={"X-Title": "{{$context.data.text}}"},
    )
    await call(world.sink.url("/{{$context.data.text}}"), "x HTTP/1.1\r\nX-Role: root\r\n\r\nGET /second")

    assert [] == [heard for heard in world.sink.heard if heard.target == "/second" or "x-role" in heard.headers]


@pytest.mark.parametrize("name", ["member", "editor"])
async def test_who_may_not_write_workflows_has_nobody_called(world, nothing_happened, name):
    """G12: by no door."""
    node = {"key": "call", "type": "request", "config": {"url": world.sink.url("/")}}
    document = {"title": "x", "type": "action", "enabled": True, "config": {"collection": "posts"}, "nodes": [node]}
    mutation = "mutation($values: WorkflowCreateInput!) { createWorkflow(values: $values) { record { id } } }"
    async with nothing_happened():
        rest = await world.send("POST", "workflows:create", world.tokens[name], json=document)
        graphql = await world.ask(mutation, world.tokens[name], variables={"values": document})

    assert (("NO_PERMISSION",), ("NO_PERMISSION",)) == (told(rest).codes, told(graphql).codes)


async def _history() -> str:
    """All that is kept of what ran."""
    return json.dumps([await Execution.all().values(), await Job.all().values()], default=str)
