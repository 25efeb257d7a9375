"""The company: thirty engineers, six teams, thirty applications and how each of them is delivered."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

TEMPLATE = "acme-delivery"
PLATFORM = "acme/platform"
LEADER, FOLLOWER = "gateway", "scheduler"  # a success of the first starts the pipeline of the second
_NAMES = """
ada bela chika dmitri elif farid greta hana igor jun kofi lena mario nadia oskar
petra quinn rosa samir tomas uma viktor wanda xenia yusuf zora anton brita cesar dora
"""
PEOPLE = tuple(_NAMES.split())
_SHOP = (("prod-eu", "shop"), ("prod-us", "shop"))
_GROUPS = (("prod-vm", "eu-west-1"), ("prod-vm", "us-east-1"))


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """One application and its way to production.

    ``shape``: ``direct`` (one pipeline), ``release`` (a parent that starts a child pipeline) or ``vm`` (server groups).
    ``trigger``: what starts the pipeline and names the commit: ``git``, ``jenkins`` or ``docker``. ``targets``: account
    and namespace (or region) of each production rollout. ``canary``: ``always``, ``template`` (from the template's
    second version on) or ``never``. ``template``: ``adopts`` the second version, ``lags`` on the first, or ``none``.
    ``slow``: released in batches, with approval. ``tag``: length of the commit id in the image tag. ``rate``: changes a
    workday.
    """

    name: str
    team: str
    core: bool = False
    shape: str = "direct"
    trigger: str = "git"
    targets: tuple[tuple[str, str], ...] = _SHOP[:1]
    canary: str = "never"
    template: str = "adopts"
    slow: bool = False
    staging: str = "inline"
    tag: int = 40
    repository: str = ""
    rate: float = 0.8

    @property
    def vm(self) -> bool:
        """Whether it runs in server groups instead of on Kubernetes."""
        return self.shape == "vm"

    @property
    def repo(self) -> str:
        """The repository that feeds it."""
        return self.repository or f"acme/{self.name}"

    @property
    def shared(self) -> bool:
        """Whether its repository feeds other applications too."""
        return bool(self.repository)

    @property
    def paths(self) -> tuple[str, ...]:
        """Globs of its paths in a shared repository."""
        return (f"services/{self.name}/**", "libs/**") if self.shared else ()

    @property
    def nightly(self) -> bool:
        """Whether it has nightly tests."""
        return self.trigger == "jenkins" or self.name == LEADER

    @property
    def pipeline(self) -> str:
        """Name of the pipeline that a merge starts."""
        return {"direct": "deploy", "release": "release", "vm": "bake-and-deploy"}[self.shape]


_core = partial(App, core=True, rate=2.4)

# Together these ten have each shape, trigger, template and staging; the order matters: the first one is busy when the
# simulation ends, and the leader comes before its follower.
_ESSENTIAL = (
    _core(name="checkout", team="purchase"),
    _core(name="payments", team="purchase", shape="release", targets=_SHOP),
    _core(name="catalog", team="discovery", canary="always", template="none", targets=_SHOP, trigger="jenkins"),
    _core(name="orders", team="fulfilment", canary="template", trigger="jenkins"),
    App(name="vouchers", team="purchase", trigger="docker", tag=12, template="none", staging="separate"),
    App(name="images", team="discovery", shape="vm", targets=_GROUPS, trigger="jenkins", template="none"),
    App(name="reports", team="insight", slow=True, staging="separate", template="lags", rate=1.3),
    App(name="gateway", team="platform", repository=PLATFORM, rate=1.1),
    App(name="scheduler", team="platform", repository=PLATFORM, targets=_SHOP, rate=0.7),
    App(name="exports", team="insight", slow=True, staging="separate", template="lags", rate=0.9, trigger="docker"),
)
_OTHERS = (
    _core(name="search", team="discovery", canary="template", targets=_SHOP),
    _core(name="pricing", team="discovery", canary="template"),
    _core(name="cart", team="purchase", targets=_SHOP),
    _core(name="profiles", team="identity", trigger="docker"),
    _core(name="sessions", team="identity", shape="release", canary="template"),
    _core(name="notifications", team="identity", trigger="jenkins"),
    _core(name="shipping", team="fulfilment", staging="separate"),
    _core(name="inventory", team="fulfilment", shape="release", targets=_SHOP),
    App(name="mailer", team="platform", repository=PLATFORM, rate=0.6),
    App(name="flags", team="platform", repository=PLATFORM, rate=0.6, targets=_SHOP),
    App(name="invoices", team="purchase", template="lags"),
    App(name="reviews", team="discovery", trigger="jenkins", tag=7),
    App(name="suggestions", team="discovery", staging="separate"),
    App(name="audit-log", team="identity", template="none", trigger="docker"),
    App(name="preferences", team="identity"),
    App(name="consent", team="identity", template="lags", trigger="jenkins"),
    App(name="tracking", team="fulfilment", targets=_SHOP),
    App(name="returns", team="fulfilment", trigger="docker", tag=12),
    App(name="warehouse", team="fulfilment", shape="vm", targets=_GROUPS, template="none"),
    App(name="forecasts", team="insight", slow=True, staging="separate", template="none", rate=0.8),
)


def company(scale: float) -> tuple[tuple[App, ...], float]:
    """The applications at a scale, and the share of its full volume that each of them has.

    A small company has ten applications, with each way of delivery at least once.
    """
    apps = _ESSENTIAL + _OTHERS
    # The power lets a company of half the traffic have three quarters of the applications.
    count = min(len(apps), max(len(_ESSENTIAL), round(len(apps) * scale**0.4)))
    return apps[:count], scale * len(apps) / count


def teams(apps: tuple[App, ...]) -> dict[str, list[str]]:
    """Application names by team."""
    return {team: [a.name for a in apps if a.team == team] for team in sorted({a.team for a in apps})}
