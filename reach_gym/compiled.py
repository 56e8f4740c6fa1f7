"""The component-wise functions, registered with Numba: importing this module makes them callable from compiled code.

The rules are not written again for Numba. Never ``fastmath``: every result equals the NumPy back end's bit for bit.
"""

from __future__ import annotations

from numba.extending import register_jitable

from reach_gym import dynamics, fields, grid, radius, reaching, schedule, trials

for _function in (
    *(grid.squared_distance, grid.squared_limit, grid.place_x, grid.place_y, grid.place_cell, grid.place_felt),
    *(trials.mix, trials.bits, trials.bits_once, trials.pick, trials.uniform, trials._chunks, trials.normal, trials.noise_key),
    *(trials.draw_target, trials.draw_start, trials.draw_point, trials.draw_start_point, trials.draw_delay, trials.draw_kind),
    *(radius.advance_radius, schedule.place_in_session, fields.force_of, fields.channel_of),
    *(dynamics.step, dynamics.confine, dynamics.swing, dynamics.turn),
    *(
        reaching.phase,
        reaching.cue_is_on,
        reaching.has_left,
        reaching.is_on_target,
        reaching.sparse_reward,
        reaching.dense_reward,
    ),
):
    register_jitable(_function)
