"""The optional part `secrets` of an environment, and what a workspace says of its own secrets: names, never values."""

from __future__ import annotations

from pydantic import Field

from environments.part import Part
from environments.vocabulary import (
    AtLeastOne,
    AwsRegion,
    BranchName,
    ClientId,
    DatabaseName,
    Flag,
    Fqdn,
    GitlabUrl,
    HttpsUrl,
    Many,
    Port,
    ProjectId,
    ProjectPath,
    PublicKey,
    TrustFile,
    VaultAddress,
)


class TeamProject(Part):
    """A GitLab project whose pipelines get secrets of a workspace."""

    path: ProjectPath = Field(description="Full path of the project, in one workspace only, as GitLab spells it.")
    id: ProjectId = Field(description="Its number in GitLab: a path can be taken by another project, a number can't.")


class PlatformProject(Part):
    """A GitLab project whose pipelines preview, and from some branches deploy, the inside of Vault."""

    path: ProjectPath = Field(description="Full path of the project, unique in the list, as GitLab spells it.")
    id: ProjectId = Field(description="Its number in GitLab.")
    branches: AtLeastOne[BranchName] = Field(description="Protected branches that deploy, by their exact names.")


class SecretsGitlab(Part):
    """The GitLab whose pipelines log in with their `id_tokens`."""

    url: GitlabUrl = Field(description="Address of the instance, the issuer of its tokens.")
    public_keys: Many[PublicKey] = Field(
        default=(), description="Keys that it signs with, where Vault can't reach it; empty lets Vault fetch them."
    )
    projects: AtLeastOne[PlatformProject] = Field(
        description="The platform's own projects; pipelines of the first one's branches deploy."
    )


class People(Part):
    """The identity provider (OIDC) through which people log in; the client's secret is in no file."""

    issuer: HttpsUrl = Field(description="Address of the issuer; below it lies `/.well-known/openid-configuration`.")
    client_id: ClientId = Field(description="What the identity provider knows Vault by.")


class Database(Part):
    """A PostgreSQL database of the team in which Vault makes users that live for minutes."""

    host: Fqdn = Field(description="Host of the server; its certificate must have this name.")
    port: Port = Field(default=5432, description="TCP port of the server.")
    name: DatabaseName = Field(description="The database.")
    username: DatabaseName = Field(
        description="The role that Vault logs in as, no superuser; its password is in no file."
    )
    application_role: DatabaseName = Field(description="The role whose rights the users of pods get.")
    reader_role: DatabaseName = Field(description="The role whose rights the users of people get.")


class Secrets(Part):
    """What is configured inside Vault; absent or null, nothing is."""

    address: VaultAddress | None = Field(
        default=None, description="Where Vault answers; null is the environment's own, of `platform.vault`."
    )
    ca_file: TrustFile | None = Field(
        default=None, description="The authority of its certificate; null is those that this machine trusts."
    )
    gitlab: SecretsGitlab | None = Field(default=None, description="How pipelines log in; null lets none in.")
    people: People | None = Field(
        default=None, description="How people log in; null lets maintainers in, through the cluster."
    )
    aws_region: AwsRegion | None = Field(
        default=None, description="Region of the roles in `workspaces[].aws_role_arn`; null hands out no credentials."
    )
    protect: Flag = Field(
        default=True, description="Whether engines with secrets or keys in them stay until they are unprotected."
    )
