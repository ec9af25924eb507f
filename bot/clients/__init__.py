"""One file (or package) per neighbour, and the only place for its vendor's package.

Here a neighbour's answers become values of `bot.core` and its errors become `bot.core.errors`, the cause chained. Every
wait has a time limit. Never here: what an answer means to people, who may ask, and words for the room.
"""
