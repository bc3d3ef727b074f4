"""Finds what is wrong with a plate in a picture. Needs numpy and OpenCV, and no ROS.

The plate is a rectangle with round corners and four holes, brighter than what lies around it. It is
found, turned straight, and compared with what its drawing says: outline, holes, surface.
"""

import dataclasses
import math

import cv2
import numpy as np


@dataclasses.dataclass(frozen=True)
class Drawing:
    """The plate as it should be, in pixels; its origin is in the middle."""

    half: tuple = (110.0, 66.0)
    corner: float = 12.0
    holes: tuple = ((-82.0, -40.0), (82.0, -40.0), (-82.0, 40.0), (82.0, 40.0))
    hole_radius: float = 11.0


@dataclasses.dataclass(frozen=True)
class Limits:
    """From when on something is wrong."""

    shift: float = 3.5       # px that the middle of a hole may be off
    hole_area: float = 0.6   # share of its area that a hole must have
    missing: float = 20.0    # px² of the edge that may be missing in one place
    line: float = 1.7        # σ of the noise: strength of a line on the surface
    spot: float = 9.0        # grey levels: strength of a spot on the surface
    spot_area: float = 40.0  # px²


@dataclasses.dataclass
class Finding:
    """Something that is wrong: what, where on the plate (px), how much and of what."""

    kind: str
    place: tuple
    value: float
    unit: str


class NoPart(Exception):
    """There is no plate in the picture; the text says what is."""


def find(image, drawing=Drawing()):
    """Where the plate is: middle (x, y) and turn (rad)."""
    smooth = cv2.GaussianBlur(image, (5, 5), 0)
    threshold, mask = cv2.threshold(smooth, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        raise NoPart('nothing but belt')
    outline = max(contours, key=cv2.contourArea)
    (x, y), (width, height), angle = cv2.minAreaRect(outline)
    wanted = 4.0 * drawing.half[0] * drawing.half[1]
    area = width * height
    if not 0.7 * wanted < area < 1.3 * wanted:
        raise NoPart(f'the brightest thing has {area:.0f} px², a plate has {wanted:.0f}')
    if width < height:
        angle += 90.0
    return (x, y), math.radians(angle), threshold


def straighten(image, middle, turn, drawing, margin=14):
    """The plate with its length along x, and its middle in the middle."""
    width, height = (int(2 * (half + margin)) for half in drawing.half)
    cosine, sine = math.cos(turn), math.sin(turn)
    # From the straight picture into the given one.
    x, y = middle
    cx, cy = (width - 1) / 2.0, (height - 1) / 2.0
    back = np.float32([[cosine, -sine, x - cosine * cx + sine * cy],
                       [sine, cosine, y - sine * cx - cosine * cy]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(image, back, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def ideal(shape, drawing, grow=0.0, holes=True):
    """A mask of the plate as drawn, larger by `grow` px on all sides; holes larger by as much less."""
    rows, columns = np.indices(shape, dtype=np.float32)
    x, y = columns - (shape[1] - 1) / 2.0, rows - (shape[0] - 1) / 2.0
    outside_x = np.maximum(np.abs(x) - drawing.half[0] + drawing.corner, 0.0)
    outside_y = np.maximum(np.abs(y) - drawing.half[1] + drawing.corner, 0.0)
    mask = np.hypot(outside_x, outside_y) <= drawing.corner + grow
    if holes:
        for a, b in drawing.holes:
            mask &= np.hypot(x - a, y - b) >= drawing.hole_radius - grow
    return mask


class Inspector:
    """Looks at pictures; what does not depend on them is computed once."""

    def __init__(self, drawing=Drawing(), limits=Limits(), margin=14):
        self.drawing, self.limits, self.margin = drawing, limits, margin
        shape = tuple(int(2 * (half + margin)) for half in reversed(drawing.half))
        self._solid = ideal(shape, drawing, -2.5, holes=False)
        self._surface = ideal(shape, drawing, -5.0)
        self._lines = [_Direction(180.0 * step / 12, self._surface) for step in range(12)]

    def look(self, image):
        """Everything that is wrong with the plate in a picture (8 bit, grey)."""
        middle, turn, threshold = find(image, self.drawing)
        middle, turn = self._refine(image, middle, turn, threshold)
        straight = straighten(image, middle, turn, self.drawing, self.margin)
        dark = cv2.GaussianBlur(straight, (3, 3), 0) < threshold
        findings = self._holes(dark)
        findings += self._edge(dark, findings)
        findings += self._marks(straight, dark)
        return findings

    def _refine(self, image, middle, turn, threshold):
        """Middle and turn again, from lines through the four edges: a chip does not move them."""
        straight = straighten(image, middle, turn, self.drawing, self.margin)
        bright = cv2.GaussianBlur(straight, (3, 3), 0).astype(np.float32)
        rows, columns = straight.shape
        cx, cy = (columns - 1) / 2.0, (rows - 1) / 2.0
        half_x, half_y = self.drawing.half
        span_x = np.arange(int(cx - half_x + 16), int(cx + half_x - 16), 2)
        span_y = np.arange(int(cy - half_y + 16), int(cy + half_y - 16), 2)
        top, bottom = _edge_lines(bright[:, span_x], span_x, threshold, cy, half_y)
        left, right = _edge_lines(bright[span_y, :].T, span_y, threshold, cx, half_x)
        slope = (top[1] + bottom[1]) / 2.0
        dy = (np.polyval(top[::-1], cx) + np.polyval(bottom[::-1], cx)) / 2.0 - cy
        dx = (np.polyval(left[::-1], cy) + np.polyval(right[::-1], cy)) / 2.0 - cx
        cosine, sine = math.cos(turn), math.sin(turn)
        x, y = middle
        return (x + cosine * dx - sine * dy, y + sine * dx + cosine * dy), turn + math.atan(slope)

    def _holes(self, dark):
        """Holes that are missing, too small or not where they should be."""
        findings = []
        inside = (dark & self._solid).astype(np.uint8)
        count, _, stats, middles = cv2.connectedComponentsWithStats(inside, connectivity=8)
        cy, cx = ((size - 1) / 2.0 for size in dark.shape)
        wanted = math.pi * self.drawing.hole_radius ** 2
        for x, y in self.drawing.holes:
            best = None
            for label in range(1, count):
                if stats[label, cv2.CC_STAT_AREA] < self.limits.hole_area * wanted:
                    continue
                far = math.hypot(middles[label][0] - cx - x, middles[label][1] - cy - y)
                best = far if best is None else min(best, far)
            if best is None or best > 2.0 * self.drawing.hole_radius:
                findings.append(Finding('missing_hole', (x, y), 1.0, ''))
            elif best > self.limits.shift:
                findings.append(Finding('shifted_hole', (x, y), best, 'px'))
        return findings

    def _edge(self, dark, holes):
        """Pieces that are broken off the edge."""
        gone = (dark & self._solid).astype(np.uint8)
        count, labels, stats, middles = cv2.connectedComponentsWithStats(gone, connectivity=8)
        border = ~cv2.erode(self._solid.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
        border &= self._solid
        touching = set(np.unique(labels[border])) - {0}
        cy, cx = ((size - 1) / 2.0 for size in dark.shape)
        findings = []
        for label in touching:
            area = float(stats[label, cv2.CC_STAT_AREA])
            if area > self.limits.missing:
                place = (middles[label][0] - cx, middles[label][1] - cy)
                findings.append(Finding('chip', place, area, 'px²'))
        return findings

    def _marks(self, straight, dark):
        """Lines and spots on the surface."""
        hidden = cv2.dilate(dark.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool)
        seen = self._surface & ~hidden
        weight = seen.astype(np.float32)
        grey = straight.astype(np.float32)
        # The brushed texture and the light: what a row has in common, and what changes slowly.
        rest = grey - _smooth(grey, weight, 45)
        rest = (rest - _row_medians(rest, seen)) * weight
        noise = 1.4826 * float(np.median(np.abs(rest[seen]))) + 1e-6
        cy, cx = ((size - 1) / 2.0 for size in straight.shape)
        findings = []
        spots = cv2.GaussianBlur(rest, (0, 0), 3.0) / np.maximum(
            cv2.GaussianBlur(weight, (0, 0), 3.0), 0.3)
        strong = (np.abs(spots) > self.limits.spot) & seen
        count, labels, stats, middles = cv2.connectedComponentsWithStats(strong.astype(np.uint8))
        for label in range(1, count):
            area = float(stats[label, cv2.CC_STAT_AREA])
            if area > self.limits.spot_area:
                place = (middles[label][0] - cx, middles[label][1] - cy)
                kind = 'scratch' if _is_long(labels == label) else 'stain'
                findings.append(Finding(kind, place, area, 'px²'))
        if not findings:
            strength, place = self._strongest_line(rest, noise)
            if strength > self.limits.line:
                findings.append(Finding('scratch', (place[0] - cx, place[1] - cy), strength, 'σ'))
        return findings

    def _strongest_line(self, rest, noise):
        """How much the strongest line differs from its surroundings, in σ of a pixel, and where."""
        best, place = 0.0, (0.0, 0.0)
        for direction in self._lines:
            value, at = direction.strongest(rest)
            if value > best:
                best, place = value, at
        return best / noise, place


class _Direction:
    """Lines of one direction: the mean along each, two pixels wide."""

    LENGTH, WIDTH = 17, 2

    def __init__(self, degrees, surface):
        rows, columns = surface.shape
        size = int(math.hypot(rows, columns)) + 2
        middle = ((columns - 1) / 2.0, (rows - 1) / 2.0)
        turn = cv2.getRotationMatrix2D(middle, degrees, 1.0)
        turn[:, 2] += (size - 1) / 2.0 - np.array(middle)
        self._turn, self._size = turn, (size, size)
        self._back = cv2.invertAffineTransform(turn)
        # A line counts where most of it lies on the surface.
        share = self._means(surface.astype(np.float32))
        self._scale = np.where(share > 0.7, 1.0 / np.maximum(share, 0.7), 0.0).astype(np.float32)

    def _means(self, picture):
        turned = cv2.warpAffine(picture, self._turn, self._size, flags=cv2.INTER_LINEAR)
        return cv2.blur(turned, (self.LENGTH, self.WIDTH))

    def strongest(self, rest):
        """The largest mean, and where it is."""
        _, value, _, (x, y) = cv2.minMaxLoc(np.abs(self._means(rest)) * self._scale)
        return value, tuple(self._back @ (x, y, 1.0))


def _smooth(grey, weight, size):
    """The mean around each pixel of those that count."""
    above = cv2.blur(grey * weight, (size, size))
    return above / np.maximum(cv2.blur(weight, (size, size)), 1e-3)


def _row_medians(rest, seen):
    """What is common to a row, as a column; 0 where nothing of it is seen."""
    medians = np.zeros((rest.shape[0], 1), np.float32)
    for row in np.nonzero(seen.any(axis=1))[0]:
        medians[row] = np.median(rest[row, seen[row]])
    return medians


def _is_long(mask):
    """Whether a spot is more than three times as long as wide."""
    points = cv2.findNonZero(mask.astype(np.uint8))
    _, (width, height), _ = cv2.minAreaRect(points)
    return max(width, height) > 3.0 * max(min(width, height), 1.0)


def _edge_lines(bright, along, threshold, middle, half):
    """The two edges across the columns of `bright`: offset and slope each, robust against chips."""
    rows = bright.shape[0]
    lines = []
    for side in (-1, 1):
        guess = middle + side * half
        low, high = max(int(guess - 10), 0), min(int(guess + 10), rows - 2)
        window = bright[low:high + 2, :] > threshold
        change = window[:-1, :] != window[1:, :]
        valid = change.any(axis=0)
        first = change.argmax(axis=0) if side < 0 else change.shape[0] - 1 - change[::-1].argmax(axis=0)
        columns = np.nonzero(valid)[0]
        at = first[columns]
        a = bright[low + at, columns]
        b = bright[low + at + 1, columns]
        share = np.where(np.abs(b - a) > 1e-3, (threshold - a) / (b - a + 1e-9), 0.5)
        edge = low + at + np.clip(share, 0.0, 1.0)
        lines.append(_robust_line(along[columns].astype(np.float64), edge.astype(np.float64), guess))
    return lines


def _robust_line(x, y, guess):
    """A line through most points: (offset, slope)."""
    if len(x) < 10:
        return guess, 0.0
    keep = np.ones(len(x), bool)
    slope, offset = 0.0, float(np.median(y))
    for _ in range(4):
        slope, offset = np.polyfit(x[keep], y[keep], 1)
        off = np.abs(y - (slope * x + offset))
        limit = max(3.0 * float(np.median(off)), 0.5)
        keep = off <= limit
        if keep.sum() < 10:
            break
    return offset, slope
