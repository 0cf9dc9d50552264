"""All flights of `textbook_gym.books.ballistics`: ranges by drag, wind and elevation."""

import numpy as np

ANGLES = 21
DIALS = 2 * ANGLES  # ways to mark the ring: where it begins, and the sense
GRAVITIES = 16
DRAGS = 8
SCATTER = 0.12  # greatest deviation of a shot, as a share of its range
LOWEST, NOTCH = 5.0, 3.5  # degrees
VACUUM = np.round(100.0 * 1.08 ** np.arange(GRAVITIES), 1)
"""Reach without air, muzzle speed squared over gravity, in metres: how an edition tells gravity."""
DRAG = 0.25 * 1.35 ** np.arange(DRAGS)
"""Drag over weight of a ball as it leaves the gun."""
GUST = 0.06  # step in which winds differ
_speeds = [GUST * n for n in range(-3, 4)]
WIND = np.array([(0.0, 0.0), *((low, high) for low in _speeds for high in _speeds if max(abs(low), abs(high)) > GUST)])
"""Winds at the ground and aloft, along the shot, as shares of the muzzle speed; calm first, no other nearly calm."""
WINDS = len(WIND)
ALOFT = 0.15  # height from which on the wind is that aloft, as a share of VACUUM; below it changes evenly
TICKS = 32  # of the vacuum's flight time: the integration's step
SETTLED = 6  # decimals of ranges, so that the last bit of a sine does not tell machines apart

# All flights at once by the midpoint rule, in units of muzzle speed and VACUUM.
_drag, _wind, _angle = np.meshgrid(DRAG, np.arange(WINDS), LOWEST + NOTCH * np.arange(ANGLES), indexing="ij")
_low, _high = WIND.T[:, _wind]
_angle = np.radians(_angle)
_tick = 2.0 * np.sin(_angle) / TICKS


def pull(y: np.ndarray, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the acceleration along and up at height `y` and velocity `(u, v)`."""
    along = u - _low - (_high - _low) * np.minimum(y / ALOFT, 1.0)
    brake = _drag * np.hypot(along, v)
    return -brake * along, -brake * v - 1.0


_x, _y, _u, _v = np.zeros_like(_angle), np.zeros_like(_angle), np.cos(_angle), np.sin(_angle)
RANGE = np.zeros_like(_angle)
"""Expected range as a share of VACUUM, by drag, wind and elevation."""
for _ in range(TICKS + 1):  # air only shortens a flight
    _along, _up = pull(_y, _u, _v)
    _u_mid, _v_mid = _u + 0.5 * _tick * _along, _v + 0.5 * _tick * _up
    _along, _up = pull(_y + 0.5 * _tick * _v, _u_mid, _v_mid)
    _fallen = _y + _tick * _v_mid
    _lands = (RANGE == 0.0) & (_fallen <= 0.0)
    RANGE[_lands] = (_x + _tick * _u_mid * _y / np.where(_lands, _y - _fallen, 1.0))[_lands]
    _x, _y, _u, _v = _x + _tick * _u_mid, _fallen, _u + _tick * _along, _v + _tick * _up
RANGE = np.round(RANGE, SETTLED)
LONGEST = RANGE.max(-1)
"""Longest range over all elevations, by drag and wind."""
FARTHEST = float(VACUUM.max() * RANGE.max() * (1.0 + SCATTER))
"""No shot of any edition falls further, in metres."""
METRE = 1.0 / FARTHEST  # as signals show it
ELEVATION = np.array([[(d // 2 + (1 - d % 2 * 2) * notch) % ANGLES for notch in range(ANGLES)] for d in range(DIALS)])
"""Elevation, in steps from the lowest, of every notch of every dial."""
