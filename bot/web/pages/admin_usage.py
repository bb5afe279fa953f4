"""/admin/{guild}/usage: what was drawn and what it cost; a chart, and tables that say the same."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bot.charts import DARK, LIGHT, Chart
from bot.i18n import _
from bot.usage import SPANS, Report
from bot.web.pages.admin_guard import Realm, house_page, server_page
from bot.web.pages.admin_names import names_for
from bot.web.pages.site import Item, Site, Visit

_USER_ID = re.compile(r"-?[0-9]{1,18}|[1-8][0-9]{18}")
_LOOKS = {"light": LIGHT, "dark": DARK}


def routes(site: Site) -> list[web.RouteDef]:
    item = Item(path="usage", name=_("Usage"))
    site.server_pages.append(item)
    site.house_pages.append(item)
    return [
        web.get("/admin/house/usage", house_page(site, _page)),
        web.get("/admin/house/usage.png", house_page(site, _picture)),
        web.get("/admin/house/usage.csv", house_page(site, _table)),
        web.get("/admin/{guild}/usage", server_page(site, _page)),
        web.get("/admin/{guild}/usage.png", server_page(site, _picture)),
        web.get("/admin/{guild}/usage.csv", server_page(site, _table)),
    ]


async def _report(visit: Visit, realm: Realm) -> tuple[Report, str, int | None]:
    """With the span's word and whose it is; None: everybody's."""
    query = visit.request.query
    span, member = query.get("span", "month"), query.get("member", "").strip()
    if span not in SPANS:
        span = "month"
    user_id = int(member) if _USER_ID.fullmatch(member) else None
    return await visit.site.parts.admin.usage.report(realm.scope, span, user_id=user_id), span, user_id


def _figures(visit: Visit, realm: Realm, report: Report, whose: str, look: str = "dark") -> Chart:
    t = visit.t
    title = t(
        "Pictures of {whose}, {first} to {last}",
        whose=whose or t(realm.name),
        first=report.first,
        last=report.last,
    )
    return visit.site.parts.admin.usage.figures(report, title=title, others=t("others"), look=_LOOKS[look])


async def _page(visit: Visit, realm: Realm) -> web.StreamResponse:
    report, span, user_id = await _report(visit, realm)
    t = visit.t
    shown = [member for member, _, _ in report.members] + ([user_id] if user_id is not None else [])
    names = await names_for(visit, realm, (), also=shown)
    whose = "" if user_id is None else names.member(user_id)
    chart = _figures(visit, realm, report, whose)
    query = urlencode({"span": span} | ({} if user_id is None else {"member": user_id}))
    spans = {"day": t("Today"), "week": t("7 days"), "month": t("30 days"), "year": t("A year")}
    return realm.show(
        visit,
        "admin_usage.html",
        whose=whose,
        user_id=user_id,
        report=report,
        title=chart.title,
        span=span,
        spans=list(spans.items()),
        pictures={look: f"{realm.path}/usage.png?{query}&look={look}" for look in _LOOKS},
        table=f"{realm.path}/usage.csv?{query}",
        models=report.by_model,
        members=[(names.member(one), one, images, money) for one, images, money in report.members],
        series=[one.name for one in chart.series],
        days=_days(chart),
    )


def _days(chart: Chart) -> list[dict[str, Any]]:
    """The chart's columns as rows, those without a picture left out."""
    columns = zip(chart.labels, zip(*(one.values for one in chart.series), strict=True), strict=False)
    return [{"label": label, "values": values} for label, values in columns if any(values)]


async def _picture(visit: Visit, realm: Realm) -> web.StreamResponse:
    report, _, user_id = await _report(visit, realm)
    whose = ""
    if user_id is not None:
        whose = (await names_for(visit, realm, (), also=[user_id])).member(user_id)
    look = "light" if visit.request.query.get("look") == "light" else "dark"
    chart = _figures(visit, realm, report, whose, look)
    data = await visit.site.parts.admin.usage.chart(
        report, title=chart.title, others=visit.t("others"), look=chart.look
    )
    return web.Response(body=data, content_type="image/png")


async def _table(visit: Visit, realm: Realm) -> web.StreamResponse:
    report, span, _ = await _report(visit, realm)
    headers = {"Content-Disposition": f'attachment; filename="usage-{realm.mark}-{span}.csv"'}
    data = visit.site.parts.admin.usage.csv(report)
    return web.Response(body=data, content_type="text/csv", charset="utf-8", headers=headers)
