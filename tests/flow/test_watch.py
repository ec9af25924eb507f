"""What is measured for those who watch from outside."""

from tests.flow.conftest import Bot, Clock


async def test_a_homeserver_that_was_never_heard_counts_as_silent_since_the_start(bot: Bot, clock: Clock) -> None:
    clock.step(150)

    await bot.app.watch._measure()

    assert b"opsbot_sync_age_seconds 150.0" in bot.app.metrics.render()
