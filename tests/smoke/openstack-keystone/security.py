#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What callers of the identity service must not be able to do: security.py CHECK… as client.py.

Each check shows with requests of a client what one or several of the security patches are for, and
failed when the patch was not there. They are about the administrator's own things, so that no rule of
the policy stands in the way. Several checks at once share tokens, which take a while to get.
"""

import functools
import json
import sys
import uuid

from client import call, ec2, ec2_pair, login, make_user, unique

login_once = functools.cache(login)


def role_id(admin, name):
    roles = call("GET", f"/v3/roles?name={name}", admin).must(200).json["roles"]
    return roles[0]["id"]


def member_of(admin, token, *roles):
    """A new user with these roles in the administrator's project, and a token of his."""
    user = make_user(admin)
    for role in roles:
        call("PUT", f"/v3/projects/{token['project']['id']}/users/{user['id']}/roles/"
             f"{role_id(admin, role)}", admin).must(204)
    return user, login(name=user["name"], password=user["password"])[0]


def other_project(admin, token):
    """Another project where the administrator is one, too."""
    project = call("POST", "/v3/projects", admin,
                   {"project": {"name": unique("other")}}).must(201).json["project"]["id"]
    call("PUT", f"/v3/projects/{project}/users/{token['user']['id']}/roles/"
         f"{role_id(admin, 'admin')}", admin).must(204)
    return project


# ---- tokens that are a part of the administrator's rights -------------------------------------

def app_cred(admin, token, **more):
    body = {"application_credential": {"name": unique("app"), "roles": [{"name": "reader"}], **more}}
    return call("POST", f"/v3/users/{token['user']['id']}/application_credentials", admin,
                body).must(201).json["application_credential"]


def app_cred_auth(made, **more):
    return {"auth": {"identity": {"methods": ["application_credential"], "application_credential": {
        "id": made["id"], "secret": made["secret"], **more}}}}


def subject(answer):
    return answer.must(200, 201).headers["X-Subject-Token"]


def app_cred_token(admin, token, **more):
    return subject(call("POST", "/v3/auth/tokens", body=app_cred_auth(app_cred(admin, token, **more))))


def trust_between(admin, token, trustee, **more):
    body = {"trust": {"trustor_user_id": token["user"]["id"], "trustee_user_id": trustee["id"],
                      "project_id": token["project"]["id"], "impersonation": True,
                      "roles": [{"name": "reader"}], **more}}
    return call("POST", "/v3/OS-TRUST/trusts", admin, body).must(201).json["trust"]["id"]


def trust_token(admin, token):
    trustee = make_user(admin)
    auth = {"auth": {"identity": {"methods": ["password"], "password": {"user": {
        "id": trustee["id"], "password": trustee["password"]}}},
        "scope": {"OS-TRUST:trust": {"id": trust_between(admin, token, trustee)}}}}
    return subject(call("POST", "/v3/auth/tokens", body=auth))


def exchange(admin, pair):
    """What a service that received a request signed with these EC2 credentials is answered."""
    signed = {"access": pair["access"], "host": "localhost", "verb": "GET", "path": "/",
              "params": {"SignatureVersion": "2", "SignatureMethod": "HmacSHA256",
                         "AWSAccessKeyId": pair["access"]}}
    signed["signature"] = ec2.Ec2Signer(pair["secret"]).generate(signed)
    return call("POST", "/v3/ec2tokens", admin, {"credentials": signed})


def signature_token(admin, token):
    return subject(exchange(admin, ec2_pair(admin, token)))


@functools.cache
def delegated_tokens():
    admin, token = login_once()
    return {"restricted application credential": app_cred_token(admin, token),
            "unrestricted application credential": app_cred_token(admin, token, unrestricted=True),
            "trust": trust_token(admin, token), "signature": signature_token(admin, token)}


# ---- the checks -------------------------------------------------------------------------------

def signatures_want_a_service():
    """A valid signature is nothing in the hands of an ordinary user."""
    admin, token = login_once()
    _, member = member_of(admin, token, "member")
    answer = exchange(member, ec2_pair(admin, token)).must(403)
    assert "X-Subject-Token" not in answer.headers


def bodies_forge_no_targets():
    admin, token = login_once()
    pair = ec2_pair(admin, token)
    mine, member = member_of(admin, token, "member")
    path = f"/v3/users/{token['user']['id']}/credentials/OS-EC2"
    target = {"target": {"credential": {"user_id": mine["id"]}}, "user_id": mine["id"],
              "target.credential.user_id": mine["id"]}
    ids = [c["id"] for c in call("GET", "/v3/credentials", admin).must(200).json["credentials"]]
    assert ids
    for url in [path, f"{path}/{pair['access']}"] + ["/v3/credentials/" + i for i in ids]:
        call("GET", url, member, target).must(403)
        call("GET", url + "?user_id=" + mine["id"], member).must(403)
    assert call("GET", "/v3/credentials", member, target).must(200).json["credentials"] == []
    call("DELETE", "/v3/credentials/" + ids[0], member, target).must(403)


def application_credentials_are_their_owners():
    admin, token = login_once()
    user, member = member_of(admin, token, "reader")
    mine = app_cred(member, {"user": user})
    call("POST", "/v3/auth/tokens", body=app_cred_auth(mine)).must(201)
    answer = call("POST", "/v3/auth/tokens", body=app_cred_auth(
        mine, user={"id": token["user"]["id"]})).must(401)
    assert "X-Subject-Token" not in answer.headers


def domains_are_not_there_for_projects():
    """Rights in a project, even a manager's, are none in a domain that is named as a project."""
    admin, token = login_once()
    domain = call("POST", "/v3/domains", admin,
                  {"domain": {"name": unique("domain")}}).must(201).json["domain"]["id"]
    _, member = member_of(admin, token, "reader", "manager")
    for victim in ("default", domain):
        call("GET", f"/v3/role_assignments?scope.project.id={victim}&include_subtree&include_names",
             member).must(403)
        call("GET", f"/v3/projects/{victim}", member).must(403)
    call("PATCH", f"/v3/projects/{domain}", member, {"project": {"enabled": False}}).must(403)
    assert call("GET", f"/v3/domains/{domain}", admin).must(200).json["domain"]["enabled"]


def delegated_tokens_are_not_exchanged():
    admin, token = login_once()
    project = other_project(admin, token)
    for kind, delegated in delegated_tokens().items():
        for scope in ({}, {"scope": {"project": {"id": project}}}, {"scope": {"system": {"all": True}}}):
            answer = call("POST", "/v3/auth/tokens", body={"auth": {
                "identity": {"methods": ["token"], "token": {"id": delegated}}, **scope}})
            assert answer.status == 403, f"{kind}, {scope}: {answer.status} {answer.text}"


def delegated_tokens_get_no_credentials():
    admin, token = login_once()
    user, project = token["user"]["id"], token["project"]["id"]
    own = ec2_pair(admin, token)
    seed = call("POST", "/v3/credentials", admin, {"credential": {
        "type": "totp", "user_id": user, "blob": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}}).must(201)
    paths = ["/v3/credentials/" + c["id"] for c in call(
        "GET", "/v3/credentials?user_id=" + user, admin).json["credentials"]]
    assert "/v3/credentials/" + seed.json["credential"]["id"] in paths
    ec2_path = f"/v3/users/{user}/credentials/OS-EC2"
    for kind, delegated in delegated_tokens().items():
        for path in paths:
            for method, body in (("GET", None), ("DELETE", None),
                                 ("PATCH", {"credential": {"blob": '{"access": "a"}'}})):
                answer = call(method, path, delegated, body)
                assert answer.status == 403, f"{kind}, {method} {path}: {answer.status} {answer.text}"
        for path in ("/v3/credentials", ec2_path):
            assert call("GET", path, delegated).must(200).json["credentials"] == [], kind
        for method in ("GET", "DELETE"):
            call(method, f"{ec2_path}/{own['access']}", delegated).must(403)
        for kind_of in ("ec2", "totp", "cert"):
            blob = json.dumps({"access": uuid.uuid4().hex, "secret": uuid.uuid4().hex})
            call("POST", "/v3/credentials", delegated, {"credential": {
                "type": kind_of, "user_id": user, "project_id": project, "blob": blob}}).must(403)
        if not kind.startswith("unrestricted"):
            call("POST", ec2_path, delegated, {"tenant_id": project}).must(403)
    call("GET", f"{ec2_path}/{own['access']}", admin).must(200)


def signatures_are_worth_what_they_were_made_with():
    admin, token = login_once()
    user, project = token["user"]["id"], token["project"]["id"]
    # an unrestricted application credential hands on its own role, in its own project
    unrestricted = app_cred_token(admin, token, unrestricted=True)
    path = f"/v3/users/{user}/credentials/OS-EC2"
    pair = call("POST", path, unrestricted, {"tenant_id": project}).must(201).json["credential"]
    roles = [r["name"] for r in exchange(admin, pair).must(200).json["token"]["roles"]]
    assert roles == ["reader"], roles
    call("POST", path, unrestricted, {"tenant_id": other_project(admin, token)}).must(403)
    # who only knows the number of a trust between others gets nothing from it
    trust = trust_between(admin, token, make_user(admin))
    stranger, member = member_of(admin, token, "member")
    pair = {"access": uuid.uuid4().hex, "secret": uuid.uuid4().hex}
    call("POST", "/v3/credentials", member, {"credential": {
        "type": "ec2", "user_id": stranger["id"], "project_id": project,
        "blob": json.dumps(pair | {"trust_id": trust})}}).must(201)
    answer = exchange(admin, pair).must(401)
    assert "X-Subject-Token" not in answer.headers


def delegated_tokens_delegate_no_more():
    admin, token = login_once()
    user, project = token["user"]["id"], token["project"]["id"]
    friend = make_user(admin)
    trust = {"trustor_user_id": user, "trustee_user_id": friend["id"], "project_id": project,
             "impersonation": True, "roles": [{"name": "reader"}]}
    another = trust | {"project_id": other_project(admin, token)}
    apps = f"/v3/users/{user}/application_credentials"
    kept = trust_between(admin, token, friend)
    for kind, delegated in delegated_tokens().items():
        may = kind.startswith("unrestricted")
        for body, status in ((trust, 201 if may else 403), (another, 403),
                             (trust | {"roles": [{"name": "admin"}]}, 403)):
            answer = call("POST", "/v3/OS-TRUST/trusts", delegated, {"trust": body})
            assert answer.status == status, f"{kind}, {body}: {answer.status} {answer.text}"
        answer = call("POST", apps, delegated, {"application_credential": {"name": unique("more")}})
        assert answer.status == (201 if may else 403), f"{kind}: {answer.status} {answer.text}"
        if not may:
            call("DELETE", f"{apps}/{app_cred(admin, token)['id']}", delegated).must(403)
            call("DELETE", "/v3/OS-TRUST/trusts/" + kept, delegated).must(403)


if __name__ == "__main__":
    for check in sys.argv[1:]:
        globals()[check]()
