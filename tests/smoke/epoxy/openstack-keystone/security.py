#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What callers of the identity service must not be able to do: security.py CHECK… as client.py.

Each check shows with requests of a client what one or several of the security patches are for, and
fails when the patch is not there; all the ways to the same end are in the unit tests. They are about
the administrator's own things, so that no rule of the policy stands in the way. Checks in one call
share tokens, which take a while to get.
"""

import functools
import hashlib
import json
import sys
import uuid

from client import call, ec2, ec2_pair, login, make_user, unique

admin_login = functools.cache(login)


@functools.cache
def member_login():
    """Somebody with the roles reader and manager in the administrator's project, nothing else."""
    admin, token = admin_login()
    user = make_user(admin)
    roles = {r["name"]: r["id"] for r in call("GET", "/v3/roles", admin).must(200).json["roles"]}
    call("PUT", f"/v3/projects/{token['project']['id']}/users/{user['id']}/roles/{roles['manager']}",
         admin).must(204)
    member, seen = login(name=user["name"], password=user["password"])
    assert {r["name"] for r in seen["roles"]} == {"manager", "member", "reader"}, seen
    return user, member


@functools.cache
def other_project():
    """Another project where the administrator is one, too."""
    admin, token = admin_login()
    project = call("POST", "/v3/projects", admin,
                   {"project": {"name": unique("other")}}).must(201).json["project"]["id"]
    role = next(r["id"] for r in token["roles"] if r["name"] == "admin")
    call("PUT", f"/v3/projects/{project}/users/{token['user']['id']}/roles/{role}", admin).must(204)
    return project


# ---- tokens that are a part of the administrator's rights -------------------------------------

def app_cred(token, user, **more):
    body = {"application_credential": {"name": unique("app"), "roles": [{"name": "reader"}], **more}}
    return call("POST", f"/v3/users/{user['id']}/application_credentials", token,
                body).must(201).json["application_credential"]


def use_app_cred(made, **more):
    return call("POST", "/v3/auth/tokens", body={"auth": {"identity": {
        "methods": ["application_credential"], "application_credential": {
            "id": made["id"], "secret": made["secret"], **more}}}})


def subject(answer):
    return answer.must(200, 201).headers["X-Subject-Token"]


@functools.cache
def trust():
    """A trust of the administrator, and the trustee."""
    admin, token = admin_login()
    trustee = make_user(admin)
    body = {"trust": {"trustor_user_id": token["user"]["id"], "trustee_user_id": trustee["id"],
                      "project_id": token["project"]["id"], "impersonation": True,
                      "roles": [{"name": "reader"}]}}
    return call("POST", "/v3/OS-TRUST/trusts", admin, body).must(201).json["trust"]["id"], trustee


def trust_token():
    number, trustee = trust()
    return subject(call("POST", "/v3/auth/tokens", body={"auth": {
        "identity": {"methods": ["password"], "password": {
            "user": {"id": trustee["id"], "password": trustee["password"]}}},
        "scope": {"OS-TRUST:trust": {"id": number}}}}))


def exchange(caller, pair):
    """What a service that received a request signed with these EC2 credentials is answered."""
    signed = {"access": pair["access"], "host": "localhost", "verb": "GET", "path": "/",
              "params": {"SignatureVersion": "2", "SignatureMethod": "HmacSHA256",
                         "AWSAccessKeyId": pair["access"]}}
    signed["signature"] = ec2.Ec2Signer(pair["secret"]).generate(signed)
    return call("POST", "/v3/ec2tokens", caller, {"credentials": signed})


@functools.cache
def delegated_tokens():
    admin, token = admin_login()
    return {"signature": subject(exchange(admin, ec2_pair(admin, token))),
            "application credential": subject(use_app_cred(app_cred(admin, token["user"]))),
            "trust": trust_token()}


def must_be_refused(what, answer):
    assert answer.status == 403 and "X-Subject-Token" not in answer.headers, \
        f"{what}: {answer.what}: {answer.status} {answer.text[:300]}"


# ---- the checks -------------------------------------------------------------------------------

def signatures_want_a_service():
    """A valid signature is nothing in the hands of an ordinary user."""
    admin, token = admin_login()
    _, member = member_login()
    must_be_refused("a member", exchange(member, ec2_pair(admin, token)))


def bodies_forge_no_targets():
    admin, token = admin_login()
    pair = ec2_pair(admin, token)
    mine, member = member_login()
    forged = {"target": {"credential": {"user_id": mine["id"]}}, "user_id": mine["id"],
              "target.credential.user_id": mine["id"]}
    of_user = f"/v3/users/{token['user']['id']}/credentials/OS-EC2"
    number = "/v3/credentials/" + hashlib.sha256(pair["access"].encode()).hexdigest()
    call("GET", number, admin).must(200)
    for method, path in (("GET", of_user), ("GET", number), ("DELETE", number)):
        must_be_refused("forged target", call(method, path, member, forged))
    must_be_refused("forged query", call("GET", of_user + "?user_id=" + mine["id"], member))


def application_credentials_are_their_owners():
    _, token = admin_login()
    user, member = member_login()
    mine = app_cred(member, user)
    subject(use_app_cred(mine))
    answer = use_app_cred(mine, user={"id": token["user"]["id"]}).must(401)
    assert "X-Subject-Token" not in answer.headers


def domains_are_not_there_for_projects():
    """Rights in a project, even a manager's, are none in a domain that is named as a project."""
    _, member = member_login()
    for method, path, body in (
            ("GET", "/v3/role_assignments?scope.project.id=default&include_subtree&include_names", None),
            ("GET", "/v3/projects/default", None),
            ("PATCH", "/v3/projects/default", {"project": {"description": "mine"}})):
        must_be_refused("a manager of a project", call(method, path, member, body))


def delegated_tokens_are_not_exchanged():
    for kind, delegated in delegated_tokens().items():
        must_be_refused(kind, call("POST", "/v3/auth/tokens", body={"auth": {
            "identity": {"methods": ["token"], "token": {"id": delegated}},
            "scope": {"project": {"id": other_project()}}}}))


def delegated_tokens_get_no_credentials():
    admin, token = admin_login()
    user, project = token["user"]["id"], token["project"]["id"]
    seed = call("POST", "/v3/credentials", admin, {"credential": {
        "type": "totp", "user_id": user, "blob": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}}).must(201)
    seed = "/v3/credentials/" + seed.json["credential"]["id"]
    blob = json.dumps({"access": uuid.uuid4().hex, "secret": uuid.uuid4().hex})
    of_user = f"/v3/users/{user}/credentials/OS-EC2"
    assert ec2_pair(admin, token)
    for kind, delegated in delegated_tokens().items():
        for method, path, body in (
                ("GET", seed, None), ("DELETE", seed, None),
                ("PATCH", seed, {"credential": {"blob": blob}}),
                ("POST", of_user, {"tenant_id": project}),
                ("POST", "/v3/credentials", {"credential": {
                    "type": "ec2", "user_id": user, "project_id": project, "blob": blob}})):
            must_be_refused(kind, call(method, path, delegated, body))
        assert call("GET", of_user, delegated).must(200).json["credentials"] == [], kind
    call("GET", seed, admin).must(200)


def signatures_are_worth_what_they_were_made_with():
    admin, token = admin_login()
    project = token["project"]["id"]
    # an unrestricted application credential hands on its own role, in its own project
    unrestricted = subject(use_app_cred(app_cred(admin, token["user"], unrestricted=True)))
    of_user = f"/v3/users/{token['user']['id']}/credentials/OS-EC2"
    pair = call("POST", of_user, unrestricted, {"tenant_id": project}).must(201).json["credential"]
    roles = [r["name"] for r in exchange(admin, pair).must(200).json["token"]["roles"]]
    assert roles == ["reader"], roles
    must_be_refused("unrestricted", call("POST", of_user, unrestricted, {"tenant_id": other_project()}))
    # who only knows the number of a trust between others gets nothing from it
    mine, member = member_login()
    pair = {"access": uuid.uuid4().hex, "secret": uuid.uuid4().hex}
    call("POST", "/v3/credentials", member, {"credential": {
        "type": "ec2", "user_id": mine["id"], "project_id": project,
        "blob": json.dumps(pair | {"trust_id": trust()[0]})}}).must(201)
    answer = exchange(admin, pair).must(401)
    assert "X-Subject-Token" not in answer.headers


def delegated_tokens_delegate_no_more():
    admin, token = admin_login()
    user = token["user"]["id"]
    wanted = {"trustor_user_id": user, "trustee_user_id": trust()[1]["id"], "impersonation": True,
              "project_id": other_project(), "roles": [{"name": "admin"}]}
    for kind, delegated in delegated_tokens().items():
        must_be_refused(kind, call("POST", "/v3/OS-TRUST/trusts", delegated, {"trust": wanted}))
        must_be_refused(kind, call("POST", f"/v3/users/{user}/application_credentials", delegated,
                                   {"application_credential": {"name": unique("more")}}))
    unrestricted = subject(use_app_cred(app_cred(admin, token["user"], unrestricted=True)))
    must_be_refused("unrestricted", call("POST", "/v3/OS-TRUST/trusts", unrestricted, {"trust": wanted}))


if __name__ == "__main__":
    for check in sys.argv[1:]:
        globals()[check]()
