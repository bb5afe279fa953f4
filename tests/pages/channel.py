"""What a visitor does in the playground's channel, in a visitor's words."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Locator, Page, expect


class ChannelPage:
    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def messages(self) -> Locator:
        return self.page.locator("#messages > .message")

    @property
    def form(self) -> Locator:
        return self.page.locator("dialog.modal")

    def card(self, words: str) -> Locator:
        """The newest message with these words in its card's title."""
        return self.messages.filter(has=self.page.locator(".container strong", has_text=words)).last

    def button(self, card: Locator, label: str) -> Locator:
        return card.get_by_role("button", name=label, exact=True)

    async def start(self, command: str) -> None:
        """Type a command's name and choose it from the list."""
        box = self.page.locator("#say")
        await box.fill("/")
        await box.press_sequentially(command)
        await self.page.locator("#picks").get_by_text(f"/{command}", exact=True).click()

    async def option(self, name: str, value: str) -> None:
        """Fill an option in, adding it first when it is one of the optional ones."""
        field = self.page.locator(f'.chip[data-option="{name}"] textarea')
        if not await field.count():
            await self.page.locator(".more").fill(name)
            await self.page.locator("#picks").get_by_text(name, exact=True).click()
        await field.fill(value)

    async def attach(self, name: str, file: Path) -> None:
        chip = self.page.locator(f'.chip[data-option="{name}"]')
        await chip.locator("input[type=file]").set_input_files(file)
        await expect(chip.locator(".added img")).to_be_visible()

    async def send(self) -> None:
        await self.page.locator("#composer .send").click()

    async def imagine(self, prompt: str, **options: str) -> Locator:
        """The card, finished."""
        await self.start("imagine")
        await self.option("prompt", prompt)
        for name, value in options.items():
            await self.option(name, value)
        await self.send()
        card = self.card(prompt)
        await self.finished(card)
        return card

    async def finished(self, card: Locator) -> None:
        """Until the buttons of a finished card are there; their labels are in either language."""
        await expect(card.locator('[data-custom^="v1:repeat:"]')).to_be_visible()

    async def be(self, person: str) -> None:
        await self.page.locator(".person-switch .person", has_text=person).click()
        await expect(self.page.locator(".person-switch label:has(input:checked)")).to_contain_text(person)
        await self.looked()

    async def go(self, place: str) -> None:
        await self.page.locator(f".place.{place}").click()
        await expect(self.page.locator(f".place.{place}")).to_have_attribute("aria-current", "page")
        await self.looked()

    async def looked(self) -> None:
        """Until the page shows what was clicked last: a command belongs to the person and place before it."""
        await expect(self.page.locator("#messages")).to_have_attribute("aria-busy", "false")

    async def set_provider(self, state: str) -> None:
        """How well the provider is, by the panel's button; the panel is opened for it."""
        panel = self.page.locator("#panel")
        if not await panel.is_visible():
            await self.open_panel()
        button = panel.get_by_role("button", name=state, exact=True)
        await button.click()
        await expect(button).to_have_attribute("aria-pressed", "true")

    async def open_panel(self) -> Locator:
        await self.page.locator("#open-panel").click()
        panel = self.page.locator("#panel")
        await expect(panel.locator("#part-calls")).to_be_visible()
        return panel
