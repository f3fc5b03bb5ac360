"""The entrypoints of the unsubscribe link, and of the lists of who used it."""

from bus.database.store import Tx
from bus.endpoint import serve
from contracts.notify.usage import unsubscriptions as contracts
from services.notify.context import Entrypoints
from services.notify.editors import roles
from services.notify.unsubscribing import ends, lists


class UnsubscribingEntrypoints(Entrypoints):
    """The portal reads, ends and resumes by a link; a sender and editors read what was ended."""

    @serve(contracts.NEWS_OF_SENDER)
    def news_of_sender(self, tx: Tx, message: contracts.NewsLink) -> contracts.NewsOfSender:
        return ends.read(self.context(tx), message.token)

    @serve(contracts.END_NEWS_OF_SENDER)
    def end_news_of_sender(self, tx: Tx, message: contracts.NewsLink) -> contracts.NewsOfSender:
        return ends.end(self.context(tx), message.token)

    @serve(contracts.RESUME_NEWS_OF_SENDER)
    def resume_news_of_sender(self, tx: Tx, message: contracts.NewsLink) -> contracts.NewsOfSender:
        return ends.resume(self.context(tx), message.token)

    @serve(contracts.OWN_UNSUBSCRIPTIONS)
    def own_unsubscriptions(
        self, tx: Tx, message: contracts.ListUnsubscriptions
    ) -> contracts.Unsubscriptions:
        return lists.page(tx.conn, self.context(tx).owner, message)

    @serve(contracts.UNSUBSCRIPTIONS)
    def unsubscriptions(
        self, tx: Tx, message: contracts.ListAllUnsubscriptions
    ) -> contracts.Unsubscriptions:
        roles.editor(tx.conn, tx.envelope)
        return lists.page(tx.conn, message.owner, message)
