#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a client of the identity service relies on: client.py CHECK… runs the named functions below.

Each ends silently, or with an AssertionError that says what was answered. The service is at
$KEYSTONE_URL, its administrator "admin" has the password $OS_PASSWORD. Files of a check that another
one reads later go to $STATE.
"""

import base64
import concurrent.futures
import hashlib
import hmac
import json
import os
import sys
import uuid

import requests

URL = os.environ.get("KEYSTONE_URL", "http://127.0.0.1:5000")
PASSWORD = os.environ.get("OS_PASSWORD", "")
STATE = os.environ.get("STATE", "/var/tmp")


class Answer:
    """An answer whose body, if there is one, is a JSON document."""

    def __init__(self, response):
        self.status = response.status_code
        self.headers = response.headers
        self.text = response.text
        self.what = f"{response.request.method} {response.request.url}"
        self.json = None
        if response.content:
            kind = response.headers.get("Content-Type", "")
            assert "json" in kind, f"{self.what}: {self.status}, Content-Type {kind}: {self.text[:300]}"
            self.json = response.json()

    def must(self, *statuses):
        assert self.status in statuses, f"{self.what}: {self.status}: {self.text[:600]}"
        return self


def call(method, path, token=None, body=None, **headers):
    if token:
        headers["X-Auth-Token"] = token
    url = path if path.startswith("http") else URL + path
    return Answer(requests.request(
        method, url, json=body, headers=headers, timeout=60, allow_redirects=False))


def password_auth(name="admin", password=PASSWORD, domain="Default", project="admin", scoped=True):
    auth = {"identity": {"methods": ["password"], "password": {
        "user": {"name": name, "domain": {"name": domain}, "password": password}}}}
    if scoped:
        auth["scope"] = {"project": {"name": project, "domain": {"name": "Default"}}}
    return {"auth": auth}


def login(**how):
    """A token and what it says; the administrator's is got once (hashing a password takes long)."""
    kept = os.path.join(STATE, "administrator.json")
    if not how and os.path.exists(kept):
        with open(kept) as file:
            return json.load(file)
    token = log_in(**how)
    if not how:
        with open(kept, "w") as file:
            json.dump(token, file)
    return token


def log_in(**how):
    answer = call("POST", "/v3/auth/tokens", body=password_auth(**how)).must(201)
    return answer.headers["X-Subject-Token"], answer.json["token"]


def unique(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def make_user(admin, **more):
    password = uuid.uuid4().hex
    body = {"user": {"name": unique("user"), "domain_id": "default", "password": password, **more}}
    return call("POST", "/v3/users", admin, body).must(201).json["user"] | {"password": password}


# ---- versions, catalog, documents -----------------------------------------------------------

def versions():
    document = call("GET", "/").must(300).json
    values = document["versions"]["values"]
    assert [v["id"].split(".")[0] for v in values] == ["v3"], values
    for value in values:
        for link in value["links"]:
            version = call("GET", link["href"]).must(200).json["version"]
            assert version["id"] == value["id"] and version["status"] == "stable", version


def every_url_of_the_catalog_answers():
    _, token = login()
    endpoints = [e for service in token["catalog"] for e in service["endpoints"]]
    assert {e["interface"] for e in endpoints} == {"admin", "internal", "public"}, endpoints
    for endpoint in endpoints:
        assert call("GET", endpoint["url"]).must(200).json["version"]["id"].startswith("v3")


def every_document_is_json():
    """All that the service says it has (JSON home), with what exists filled in."""
    admin, token = login()
    known = {"user_id": token["user"]["id"], "project_id": token["project"]["id"],
             "domain_id": "default", "role_id": token["roles"][0]["id"],
             "service_id": token["catalog"][0]["id"],
             "endpoint_id": token["catalog"][0]["endpoints"][0]["id"], "region_id": "RegionOne"}
    home = call("GET", "/v3/", Accept="application/json-home").must(200).json["resources"]
    assert len(home) > 100, f"{len(home)} resources"

    def look(resource):
        path = resource.get("href") or resource["href-template"]
        for name in resource.get("href-vars", {}):
            path = path.replace(f"{{{name}}}", known.get(name, "no-such-thing"))
        answer = call("GET", path if path.startswith("/v3") else "/v3" + path, admin)
        # some are for other methods or need a token as subject, some things are not there; the
        # metadata of an identity provider are a file that only such a one has
        metadata = path.endswith("/saml2/metadata")
        answer.must(*((500,) if metadata else (200, 204, 300, 400, 401, 403, 404, 405, 410)))
        assert answer.json is not None or answer.status in (204, 405), answer.what
        return answer.status == 200

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        found = sum(pool.map(look, home.values()))
    print(f"{len(home)} resources, {found} of them answered with 200")
    assert found >= 40, found


def health():
    response = requests.get(URL + "/healthcheck", timeout=10)
    assert (response.status_code, response.text) == (200, ""), response.text


def nonsense_is_refused_in_json():
    for body, kind, status in ((b"{", "application/json", 400), (b"[]", "application/json", 400),
                               (b"\xff" * 200000, "application/json", 413),
                               (b"a=b", "application/x-www-form-urlencoded", 400)):
        response = requests.post(URL + "/v3/auth/tokens", data=body,
                                 headers={"Content-Type": kind}, timeout=10)
        assert response.status_code in (status, 400), (body[:9], response.status_code)
        assert "Traceback" not in response.text, response.text
    assert requests.get(URL + "/v3/nothing", timeout=10).status_code == 404
    call("GET", "/v3/users").must(401)
    call("GET", "/v3/users", token="gAAAAA-no-token").must(401)


def messages_are_translated():
    answer = call("POST", "/v3/auth/tokens", body=password_auth(password="wrong"),
                  **{"Accept-Language": "de"}).must(401)
    assert "eine Authentifizierung" in answer.json["error"]["message"], answer.text


# ---- tokens ---------------------------------------------------------------------------------

def token_life():
    admin, token = log_in()
    assert token["project"]["name"] == "admin" and "admin" in [r["name"] for r in token["roles"]]
    other, _ = login(scoped=False)
    subject = {"X-Subject-Token": other}
    seen = call("GET", "/v3/auth/tokens", admin, **subject).must(200).json["token"]
    assert seen["user"]["name"] == "admin" and "project" not in seen
    call("HEAD", "/v3/auth/tokens", admin, **subject).must(200)
    # every process of the service has seen it, and each of them knows at once that it is revoked
    for _ in range(8):
        call("GET", "/v3/auth/projects", other).must(200)
    call("DELETE", "/v3/auth/tokens", admin, **subject).must(204)
    call("GET", "/v3/auth/tokens", admin, **subject).must(404)
    for _ in range(8):
        call("GET", "/v3/auth/projects", other).must(401)
    call("GET", "/v3/auth/projects", admin).must(200)


def passwords():
    for wrong in ({"password": "wrong"}, {"password": ""}, {"name": "nobody"}, {"domain": "none"},
                  {"project": "none"}):
        answer = call("POST", "/v3/auth/tokens", body=password_auth(**wrong)).must(401)
        assert "X-Subject-Token" not in answer.headers
    # a changed password, a disabled user: neither the password nor an old token is good any longer
    admin, token = login()
    user = make_user(admin)
    old, _ = login(name=user["name"], password=user["password"], scoped=False)
    call("POST", f"/v3/users/{user['id']}/password", old, {"user": {
        "original_password": user["password"], "password": "another-one"}}).must(204)
    call("GET", "/v3/auth/projects", old).must(401)
    new, _ = login(name=user["name"], password="another-one", scoped=False)
    call("PATCH", f"/v3/users/{user['id']}", admin, {"user": {"enabled": False}}).must(200)
    call("GET", "/v3/auth/projects", new).must(401)
    call("POST", "/v3/auth/tokens", body=password_auth(
        name=user["name"], password="another-one", scoped=False)).must(401)


def ordinary_users_are_no_administrators():
    admin, token = login()
    user = make_user(admin)
    role = call("GET", "/v3/roles?name=member", admin).json["roles"][0]["id"]
    project = token["project"]["id"]
    call("PUT", f"/v3/projects/{project}/users/{user['id']}/roles/{role}", admin).must(204)
    member, _ = login(name=user["name"], password=user["password"])
    for method, path, body in (
            ("GET", "/v3/users", None), ("GET", "/v3/credentials?user_id=" + token["user"]["id"], None),
            ("POST", "/v3/projects", {"project": {"name": "mine"}}),
            ("POST", "/v3/users", {"user": {"name": "mine"}}),
            ("PATCH", "/v3/users/" + token["user"]["id"], {"user": {"password": "mine"}}),
            ("PUT", f"/v3/projects/{project}/users/{user['id']}/roles/{token['roles'][0]['id']}", None)):
        answer = call(method, path, member, body)
        if method == "GET" and answer.status == 200:
            assert not any(answer.json[kind] for kind in ("users", "credentials") if kind in answer.json)
        else:
            answer.must(403)


# ---- security -------------------------------------------------------------------------------

class ec2:
    """The client library's signatures; it is imported by who needs them."""

    @staticmethod
    def Ec2Signer(secret):
        from keystoneclient.contrib.ec2 import utils
        return utils.Ec2Signer(secret)


def ec2_pair(admin, token):
    return call("POST", f"/v3/users/{token['user']['id']}/credentials/OS-EC2", admin,
                {"tenant_id": token["project"]["id"]}).must(201).json["credential"]


def ec2tokens_want_authentication():
    admin, token = login()
    pair = ec2_pair(admin, token)
    signed = {"access": pair["access"], "host": "localhost", "verb": "GET", "path": "/",
              "params": {"SignatureVersion": "2", "SignatureMethod": "HmacSHA256",
                         "AWSAccessKeyId": pair["access"]}}
    signed["signature"] = ec2.Ec2Signer(pair["secret"]).generate(signed)
    body = {"credentials": signed}
    answer = call("POST", "/v3/ec2tokens", body=body).must(401)
    assert "X-Subject-Token" not in answer.headers
    # the same request of a service that has authenticated itself is fine, with a wrong signature not
    call("POST", "/v3/ec2tokens", admin, body).must(200)
    signed["signature"] = signed["signature"][::-1]
    call("POST", "/v3/ec2tokens", admin, body).must(401)


def s3tokens_want_authentication():
    admin, token = login()
    pair = ec2_pair(admin, token)
    text = b"GET\n\n\nSun, 22 Nov 2026 00:00:00 GMT\n/bucket/object"
    digest = hmac.new(pair["secret"].encode(), text, hashlib.sha1).digest()
    signed = {"access": pair["access"], "token": base64.urlsafe_b64encode(text).decode(),
              "signature": base64.b64encode(digest).decode()}
    answer = call("POST", "/v3/s3tokens", body={"credentials": signed}).must(401)
    assert "X-Subject-Token" not in answer.headers
    call("POST", "/v3/s3tokens", admin, {"credentials": signed}).must(200)


# ---- load, keys, restart --------------------------------------------------------------------

def many_at_once():
    """Readers and writers on the packaged database: nobody gets an internal error."""
    admin, token = login()

    def work(number):
        project = call("POST", "/v3/projects", admin, {"project": {"name": unique("load")}}).must(201)
        path = f"/v3/projects/{project.json['project']['id']}"
        call("PATCH", path, admin, {"project": {"description": str(number)}}).must(200)
        call("GET", "/v3/projects", admin).must(200)
        call("DELETE", path, admin).must(204)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(6)))


def keep_a_token():
    with open(os.path.join(STATE, "token"), "w") as file:
        file.write(log_in()[0])


def the_kept_token_is_valid():
    with open(os.path.join(STATE, "token")) as file:
        token = file.read()
    log_in()
    call("GET", "/v3/auth/tokens", token, **{"X-Subject-Token": token}).must(200)


# ---- LDAP -----------------------------------------------------------------------------------

def ldap_users_and_groups():
    admin, _ = login()
    domain = call("GET", "/v3/domains?name=example", admin).json["domains"][0]["id"]
    users = call("GET", f"/v3/users?domain_id={domain}", admin).must(200).json["users"]
    assert {u["name"] for u in users} == {"alice", "bob", "mallory", "zoë"}, users
    assert [u["name"] for u in users if not u.get("enabled", True)] == ["mallory"], users
    alice = next(u for u in users if u["name"] == "alice")
    assert alice["email"] == "alice@example.org" and "password" not in alice, alice
    groups = call("GET", f"/v3/groups?domain_id={domain}", admin).must(200).json["groups"]
    assert [g["name"] for g in groups] == ["operators"], groups
    members = call("GET", f"/v3/groups/{groups[0]['id']}/users", admin).must(200).json["users"]
    assert [m["name"] for m in members] == ["alice"], members
    # read-only
    call("POST", "/v3/users", admin, {"user": {"name": "eve", "domain_id": domain}}).must(403)


def ldap_logins():
    admin, token = login()
    users = call("GET", "/v3/domains?name=example", admin).json["domains"][0]["id"]
    groups = call("GET", f"/v3/groups?domain_id={users}", admin).json["groups"]
    role = call("GET", "/v3/roles?name=member", admin).json["roles"][0]["id"]
    # rights through a group of the directory
    call("PUT", f"/v3/projects/{token['project']['id']}/groups/{groups[0]['id']}/roles/{role}",
         admin).must(204)
    _, mine = login(name="alice", domain="example", password="alice's secret")
    assert "member" in [r["name"] for r in mine["roles"]], mine
    login(name="zoë", domain="example", password="zoë's secret", scoped=False)
    for wrong in ({"password": "wrong"}, {"password": ""}, {"password": "*"}, {"name": "*"},
                  {"name": "alice)(uid=*"}, {"name": "bob"},
                  {"name": "mallory", "password": "mallory's secret"}):
        how = {"name": "alice", "domain": "example", "password": "alice's secret"} | wrong
        answer = call("POST", "/v3/auth/tokens", body=password_auth(**how)).must(400, 401)
        assert "X-Subject-Token" not in answer.headers
    # bob has no role in the project, that is all
    login(name="bob", domain="example", password="bob's secret", scoped=False)


def ldap_is_down():
    """Users of the directory cannot log in; those of the database can, and nothing hangs."""
    answer = call("POST", "/v3/auth/tokens", body=password_auth(
        name="alice", domain="example", password="alice's secret", scoped=False))
    assert answer.status >= 400 and "X-Subject-Token" not in answer.headers, answer.status
    log_in()


if __name__ == "__main__":
    for check in sys.argv[1:]:
        globals()[check]()
