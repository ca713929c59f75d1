"""Every page of the kit in a real browser: no axe violation, nothing wider than the screen."""

import json

import pytest
from django.conf import settings
from django.urls import include, path

import backend.urls
from backend import kit

urlpatterns = [path("kit/", include(kit)), path("", include(backend.urls))]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]

PAPER = {"poster", "roster", "mail"}
PAGES = sorted(
    ({file.stem for file in (settings.BASE_DIR / "templates/kit").glob("*.html")} - PAPER)
    - {"index", "verdict"}
    | {"", "details-wrong"}
    | {f"verdict-{code}" for code in kit.VERDICTS}
)
AXE = settings.BASE_DIR / "node_modules/axe-core/axe.min.js"
SIGHTS = [("light", 1440, 900), ("light", 390, 844), ("dark", 390, 844)]
TOO_WIDE = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
VIOLATIONS = """async (enhanced) => {
  const rules = {"color-contrast-enhanced": {enabled: enhanced}};
  const found = await axe.run(document, {rules});
  return found.violations.map((one) => [one.id, one.nodes.map((node) => node.html.slice(0, 120))]);
}"""


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    # axe comes from outside the page, which the policy would rightly refuse.
    return browser_context_args | {"bypass_csp": True}


@pytest.mark.parametrize("name", PAGES)
def test_page_has_no_axe_violation_and_fits(page, live_server, name):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{live_server.url}/kit/{name}/".replace("//", "/").replace(":/", "://"))
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for scheme, width, height in SIGHTS:
        # Without motion, or axe would measure colours on their way to the other scheme.
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": height})

        violations = page.evaluate(VIOLATIONS, name.startswith("verdict"))

        at = f"{name or 'index'} at {width} px, {scheme}"
        assert violations == [], f"{at}: {json.dumps(violations, ensure_ascii=False)}"
    for width in (320, 390, 900, 1440):
        page.set_viewport_size({"width": width, "height": 640})
        assert not page.evaluate(TOO_WIDE), f"{name or 'index'} at {width} px"


def test_summary_takes_the_focus_of_a_form_that_came_back(page, live_server):
    page.goto(f"{live_server.url}/kit/details-wrong/")

    assert page.evaluate("() => document.activeElement.className") == "error-summary"


def test_picker_finds_without_accents_and_keeps_the_forms_value(page, live_server):
    page.goto(f"{live_server.url}/kit/details/")
    box = page.get_by_role("combobox")

    box.fill("dien luc")
    page.get_by_role("option", name="Trường Đại học Điện lực").click()

    assert box.input_value() == "Trường Đại học Điện lực"
    assert page.evaluate("() => new FormData(document.forms[0]).get('unit')") == (
        "Trường Đại học Điện lực"
    )


def test_busy_button_keeps_its_width_and_sends_once(page, live_server):
    page.goto(f"{live_server.url}/kit/")
    page.evaluate(
        """() => {
          const form = document.createElement("form");
          form.append(document.querySelector("[data-busy]"));
          document.querySelector("main").prepend(form);
          window.sent = 0;
          form.addEventListener("submit", () => window.sent++);
          // After our own listener has spoken, keep the page where it is.
          window.addEventListener("submit", (event) => {
            if (event.defaultPrevented) window.sent--;
            event.preventDefault();
          });
        }"""
    )
    button = page.get_by_role("button", name="Giữ chỗ và nhận vé")
    before = button.bounding_box()

    button.click()
    busy = page.locator("[data-busy]")
    busy.click(force=True)

    assert busy.get_attribute("aria-disabled") == "true"
    after = busy.bounding_box()
    assert (after["width"], after["height"]) == (before["width"], before["height"])
    assert page.evaluate("() => window.sent") == 1


def test_nothing_of_a_page_is_refused_by_the_policy(browser, live_server):
    context = browser.new_context(bypass_csp=False)
    page = context.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    for name in ("", "drive/", "ticket/", "manage-overview/", "scan-camera/"):
        page.goto(f"{live_server.url}/kit/{name}")
    context.close()

    assert [text for text in said if "Content Security Policy" in text] == []
