"""A desk with a page of a browser on it."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym.cli.desk import Desk
from reach_gym.cli.session import png
from reach_gym.cli.web.drawing import Drawing, board_of, picture_of
from reach_gym.cli.web.participant import Participant
from reach_gym.rendering import CursorScene
from reach_gym.rendering.canvas import SUPERSAMPLE, WIDTH
from reach_gym.rendering.cursor_layout import View

CARD = 85.6
"""Width of a bank card, mm (ISO/IEC 7810, ID-1)."""
_TICK = 0.05  # seconds between two looks whether a card was laid on
_CARD = (
    "Lay a bank card, or any card of that size, on the outline below.",
    "Make the outline as wide as the card, with the slider or the arrow keys.",
)
_CARD_FOOT = "Space: it fits.    Esc: I have no card."


class WebDesk(Desk):
    """The page on which a person plays."""

    frame = 0.01  # more often than screens show: the page draws the last one that has come
    apparatus = (
        "A pointer in a page of a browser; a spring drew a virtual hand to it. The task ran on the server, in real time, and the "
        "page drew what it was told."
    )

    def __init__(
        self, person: Participant, workspace: float, clock: Callable[[], float] = time.perf_counter, seen: View | None = None
    ) -> None:
        """Sits down; see `Desk`.

        Args:
            person: Who looks at the page.
            workspace: Half of the side of the workspace, in metres.
            clock: Tells the time in seconds.
            seen: What the board shows; ``None`` for the workspace with a margin.
        """
        super().__init__(person, workspace, WIDTH, clock, seen)
        self._person = person
        self._board: Drawing = []

    def show(self, scene: CursorScene, arrow: bool) -> None:
        """Tells the page what to draw, and the board if it is another one."""
        board = board_of(self.layout, scene)
        if board != self._board:
            self._board = board
            self._person.tell(board=board, box=self.layout.whole, size=self.layout.frame)
        self._person.picture(arrow=arrow, **picture_of(self.layout, scene))

    def show_page(self, title: str, paragraphs: Sequence[str], footer: str) -> None:
        """Tells the page what to say."""
        self._person.tell(page=title, paragraphs=paragraphs, footer=footer)

    def calibrate(self) -> None:
        """Asks for a bank card on the screen; from then on a metre of the board is one on the screen, where there is room.

        Whoever has none presses Esc, and whoever has left is not waited for.
        """
        self._person.tell(page="How large is this screen?", paragraphs=_CARD, footer=_CARD_FOOT, card=CARD, metre=self._metre)
        while self._person.card is None and not self.quits(_TICK):
            pass

    @property
    def _metre(self) -> float:
        """Pixels of a picture per metre of the board."""
        return self.layout.metre / SUPERSAMPLE

    def show_arrow(self) -> None:
        """Shows the arrow of the mouse."""
        self._person.tell(arrow=True)

    def leave(self) -> None:
        """Thanks the person, who may see the learning curve soon."""
        self.show_page("Thank you", ["The session is over and is being saved."], "")

    def keep(self, picture: npt.NDArray[np.uint8], title: str) -> None:
        """Shows a picture; it stays in the page when the server has ended."""
        data = base64.b64encode(png(picture)).decode()
        image, foot = f"data:image/png;base64,{data}", "You can close this page."
        self._person.tell(page="Thank you", image=image, paragraphs=[title], footer=foot)

    def versions(self) -> dict[str, str]:
        """What the browser calls itself."""
        return {} if self._person.place is None else {"browser": self._person.place.agent}

    def measured(self) -> dict[str, Any]:
        """How the pointer was told of, and how long movements and pictures took."""
        at = self._person.place
        told: dict[str, Any] = (
            {} if at is None else {"events": at.event, "coalesced": at.coalesced, "device_pixel_ratio": at.ratio}
        )
        card, screen = self._person.card, self.screen
        if at is not None and card is not None and screen is not None:
            metre = card / at.ratio / (CARD / 1000)  # pixels of CSS per metre of the screen
            told |= {
                "pixels_per_screen_metre": round(metre, 2),
                "screen_metre_per_metre": round(self._metre * screen.scale / metre, 4),
            }
        return {
            "web": {
                **told,
                "pointers": sorted(self._person.pointers),
                "pictures": dict(self._person.pictures),
                "latency_ms": self._person.latency.summary(),
            }
        }
