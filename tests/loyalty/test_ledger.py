from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from liuliang.kernel.errors import Refused
from liuliang.loyalty.accounts import Address, open_account, open_accounts, purse, standing
from liuliang.loyalty.ledger import MOST, Transfer, faults, post, take_back, transfer
from liuliang.loyalty.models import Account
from liuliang.loyalty.models import Transfer as Row

pytestmark = pytest.mark.usefixtures("shared_ledger")


def moved(source: int, target: int, amount: int, cause: str, **more) -> Transfer:
    return Transfer(source, target, amount, "test", cause, **more)


@pytest.fixture
def till(account, at) -> int:
    """An account with 100 in it."""
    made = account("budget", "till")
    transfer(moved(account("issue", "mint"), made, 100, "mint"), at=at)
    return made


def test_what_one_account_loses_the_other_gains(till, account, at):
    other = account("budget", "other")
    assert transfer(moved(till, other, 30, "a"), at=at).is_new
    assert (standing(till).balance, standing(other).balance) == (70, 30)


def test_a_cause_happens_once_however_often_it_is_posted(till, account, at):
    other = account("budget", "other")
    first = transfer(moved(till, other, 30, "a"), at=at)
    again = post([moved(till, other, 30, "a"), moved(till, other, 1, "b"), moved(till, other, 1, "b")], at=at)
    assert [each.outcome for each in again] == ["known", "posted", "known"]
    assert again[0].transfer == first.transfer
    assert standing(other).balance == 31


def test_no_account_falls_below_its_floor(till, account, at):
    with pytest.raises(Refused, match=r"ledger\.floor"):
        transfer(moved(till, account("budget", "other"), 101, "a"), at=at)
    assert standing(till).balance == 100


def test_of_many_transfers_each_is_decided_by_itself_in_its_order(till, account, at):
    a, b = account("budget", "a"), account("budget", "b")
    asked = [
        moved(a, b, 1, "1"), moved(till, a, 60, "2"), moved(till, a, 60, "3"), moved(a, b, 60, "4"),
        moved(till, a, 40, "5"), moved(b, till, 61, "6"),
    ]  # fmt: skip
    outcomes = [each.outcome for each in post(asked, at=at)]
    assert outcomes == ["floor", "posted", "floor", "posted", "posted", "floor"]
    assert [standing(each).balance for each in (till, a, b)] == [0, 40, 60]


@pytest.mark.parametrize("amount", [0, -1, -(10**30), MOST + 1, 10**30])
def test_an_amount_that_makes_no_sense_is_refused(till, account, at, amount):
    with pytest.raises(Refused, match=r"ledger\.amount"):
        transfer(moved(till, account("budget", "other"), amount, "a"), at=at)


def test_accounts_that_do_not_fit_are_refused(till, account, at):
    growth = account("member", "x", unit="growth")
    asked = [moved(till, 0, 1, "a"), moved(0, till, 1, "b"), moved(till, till, 1, "c"), moved(till, growth, 1, "d")]
    outcomes = [each.outcome for each in post(asked, at=at)]
    assert outcomes == ["unknown_account", "unknown_account", "same_account", "unit"]
    assert Row.objects.count() == 1


def test_a_transfer_is_never_changed_and_never_deleted(till):
    for statement in ("UPDATE loyalty_transfer SET amount = 1", "DELETE FROM loyalty_transfer"):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM loyalty_account")
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE loyalty_account SET unit = 'gold' WHERE id = %s", [till])


def test_the_database_itself_holds_the_floor(till):
    with pytest.raises(DatabaseError, match="loyalty_account_floor"), transaction.atomic():
        Account.objects.filter(id=till).update(balance=-1)


def test_a_mistake_is_corrected_by_taking_it_back_and_never_by_more_than_was_given(till, account, at):
    other = account("budget", "other")
    transfer(moved(account("issue", "mint"), other, 100, "more"), at=at)
    wrong = transfer(moved(till, other, 30, "wrong"), at=at).transfer
    assert wrong is not None
    take_back(wrong, cause="part", amount=10, at=at)
    with pytest.raises(Refused, match=r"ledger\.corrected"):
        take_back(wrong, cause="too much", amount=21, at=at)
    take_back(wrong, cause="rest", amount=20, at=at)
    with pytest.raises(Refused, match=r"ledger\.corrected"):
        take_back(wrong, cause="once more", amount=1, at=at)
    assert (standing(till).balance, standing(other).balance) == (100, 100)


def test_two_corrections_in_one_call_count_together(till, account, at):
    other = account("budget", "other")
    transfer(moved(account("issue", "mint"), other, 100, "more"), at=at)
    wrong = transfer(moved(till, other, 30, "wrong"), at=at).transfer
    both = [moved(other, till, 20, "one", corrects=wrong), moved(other, till, 20, "two", corrects=wrong)]
    assert [each.outcome for each in post(both, at=at)] == ["posted", "corrected"]


def test_an_unknown_transfer_cannot_be_taken_back(till, at):
    with pytest.raises(Refused, match=r"ledger\.unknown_transfer"):
        take_back(0, cause="x", at=at)


def test_a_hot_account_gives_all_it_has_however_thin_it_is_spread(account, at):
    hot, mint = account("budget", "hot", buckets=4), account("issue", "mint")
    for number in range(4):
        transfer(moved(mint, hot, 5, f"fill {number}"), at=at)
    other = account("budget", "other")
    assert post([moved(hot, other, 3, str(number)) for number in range(8)], at=at)[-1].outcome == "floor"
    assert (standing(hot).balance, standing(other).balance) == (20 - 18, 18)
    assert transfer(moved(hot, other, 2, "last"), at=at).is_new
    with pytest.raises(Refused, match=r"ledger\.floor"):
        transfer(moved(hot, other, 1, "none left"), at=at)
    assert transfer(moved(other, hot, 7, "back"), at=at).is_new


def test_opening_an_account_twice_is_one_account(make_member):
    member = make_member()
    addresses = [purse(member), Address("points", "issue"), purse(member)]
    assert open_accounts(addresses) == open_accounts(addresses)
    assert Account.objects.filter(kind="issue", head=None).count() == 1
    with pytest.raises(KeyError):
        open_account(Address("points", "treasure"))


def test_a_purse_that_was_tampered_with_is_found(till):
    Account.objects.filter(id=till).update(balance=99)
    assert {fault.rule for fault in faults()} == {
        "a balance is the sum of its entries", "the balances of a unit sum to zero",
    }  # fmt: skip
    Account.objects.filter(id=till).update(balance=100)


def test_many_corrections_of_one_transfer_at_once_never_take_back_more_than_was_given(account, at_once, at):
    # Between hot accounts no two of them need share a lock on an account.
    mint, hot = account("issue", "mint", buckets=8), account("budget", "hot", buckets=8)
    given = transfer(moved(mint, hot, 100, "give"), at=at).transfer
    transfer(moved(mint, hot, 1_000, "more"), at=at)
    assert given is not None
    results = at_once([lambda n=n: take_back(given, cause=f"back {n}", amount=30, at=at) for n in range(24)], 12)
    assert sum(not isinstance(each, Exception) for each in results) == 3
    assert {each.code for each in results if isinstance(each, Refused)} == {"ledger.corrected"}


def test_opposite_transfers_at_once_wait_for_each_other_and_never_in_a_circle(account, at_once, at):
    accounts = [account("budget", f"{n}") for n in range(4)]
    post([moved(account("issue", "mint"), each, 500, f"mint {each}") for each in accounts], at=at)

    def work(number: int) -> list[str]:
        one, other = accounts[number % 4], accounts[(number * 7 + 1) % 4]
        pairs = [(one, other), (other, one), (accounts[3], accounts[0]), (accounts[0], accounts[3])]
        asked = [moved(*pair, 1 + number % 5, f"{number}:{n}") for n, pair in enumerate(pairs)]
        return [each.outcome for each in post(asked, at=at)]

    results = at_once([lambda n=n: work(n) for n in range(200)], 20)
    assert not [each for each in results if isinstance(each, Exception)]
    assert sum(standing(each).balance for each in accounts) == 2_000
