"""OpenBao's database engine: new passwords for its static roles, which nobody here ever sees."""

from urllib.parse import quote

from bot.clients.openbao_account import Account

MOUNT = "database"


class StaticRoles:
    """The database users whose passwords OpenBao keeps, asked as ourselves."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def rotate(self, role: str) -> None:
        """Have a role's password changed now, in the database too; raise Missing where there is no such role.

        Raises as `Account.ask` does otherwise.
        """
        where = f"/v1/{MOUNT}/rotate-role/{quote(role, safe='')}"
        await self._account.ask(f"rotate the database role {role}", lambda client: client.adapter.post(where))
