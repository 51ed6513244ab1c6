"""What the runtime takes for granted about pykka, public and private."""

import gc
import inspect
import weakref

import pykka
import pytest
from pykka import ActorDeadError, ActorRef, ActorRegistry
from pykka._envelope import Envelope as PykkaEnvelope
from pykka.messages import ProxyCall

from actors.runtime.actor import Actor
from actors.runtime.hooks import LaneActor, Stopped
from actors.runtime.registry import Refs, install
from messages.base import Address
from tests.actors.runtime.players import LISTENER, WAIT_SECONDS, Listener, Note, Poison, Stage


class PlainActor(pykka.ThreadingActor):
    """An actor of pykka's own."""


def plain_ref() -> ActorRef[PlainActor]:
    """A ref that is in no registry."""
    return PlainActor().actor_ref


def test_the_hooks_of_pykka_have_the_names_and_parameters_we_override() -> None:
    for name, parameters in {
        "_create_actor_inbox": [],
        "_create_future": [],
        "_start_actor_loop": ["self"],
        "_actor_loop": ["self"],
        "_stop": ["self"],
        "_handle_receive": ["self", "message"],
        "on_start": ["self"],
        "on_stop": ["self"],
        "on_receive": ["self", "message"],
    }.items():
        signature = inspect.signature(getattr(pykka.Actor, name))
        assert list(signature.parameters) == parameters, name
        assert hasattr(LaneActor, name)


def test_our_constructor_sets_every_attribute_that_pykkas_does(simulated: Stage) -> None:
    plain = set(vars(PlainActor()))
    assert plain == {"actor_urn", "actor_inbox", "actor_stopped", "_actor_ref"}
    assert plain <= set(vars(simulated.listener()))


def test_a_ref_has_the_attributes_we_put_into_it_or_take_from_it() -> None:
    assert set(vars(plain_ref())) == {
        "_actor_weakref",
        "actor_class",
        "actor_urn",
        "actor_inbox",
        "actor_stopped",
    }


def test_pykka_asks_no_more_of_the_stopped_event_than_stopped_offers() -> None:
    source = "".join(inspect.getsource(module) for module in (pykka._actor, pykka._ref))
    used = {part.split("(")[0] for part in source.split("actor_stopped.")[1:]}
    assert used == {"is_set", "set"}
    assert all(hasattr(Stopped, name) for name in used)


def test_an_envelope_of_pykka_holds_a_message_and_a_future() -> None:
    assert PykkaEnvelope.__slots__ == ["message", "reply_to"]
    assert PykkaEnvelope("message").reply_to is None


def test_the_registry_uses_no_more_of_its_list_than_our_refs_offer() -> None:
    source = inspect.getsource(ActorRegistry)
    used = {part.split("(")[0].strip() for part in source.split("cls._actor_refs.")[1:]}
    assert used == {"append", "remove"}
    assert source.count("cls._actor_refs[") == source.count("cls._actor_refs[:]") == 1
    assert type(ActorRegistry._actor_refs).__name__ == Refs.__name__


def test_installing_the_registry_twice_keeps_who_is_in_it(simulated: Stage) -> None:
    ref = simulated.listener().actor_ref
    install()
    assert ActorRegistry.get_all() == [ref]


def test_refs_behave_as_the_list_they_replace() -> None:
    first, second = plain_ref(), plain_ref()
    refs = Refs([first])
    refs.append(second)
    assert (first in refs, list(refs), refs[:], len(refs)) == (True, [first, second], refs[:], 2)
    refs.remove(first)
    assert refs[:] == [second]
    with pytest.raises(ValueError, match="not registered"):
        refs.remove(first)


def test_the_registry_knows_actors_by_urn_class_and_name(stage: Stage) -> None:
    ref = stage.listener().actor_ref
    assert ActorRegistry.get_by_urn("listener") is ref
    assert ActorRegistry.get_by_class(Actor) == [ref]
    assert ActorRegistry.get_by_class_name("Listener") == [ref]
    stage.system.stop(LISTENER, WAIT_SECONDS)
    assert ActorRegistry.get_by_urn("listener") is None


def test_pykkas_start_works_as_spawn_does(stage: Stage) -> None:
    ref = Listener.start(stage.system, Address("by pykka"))
    ref.tell(Note(text="hello"))
    assert ref.ask(Note(text="again"), block=False).__class__ is pykka.ThreadingFuture
    stage.settle()
    status = stage.system.status(Address("by pykka"))
    assert status is not None
    assert status.processed == 2
    assert ActorRegistry.get_all() == [ref]


def test_tell_ask_and_proxy_of_a_ref_work(production: Stage) -> None:
    ref = production.listener().actor_ref
    ref.tell(Note(text="one"))
    assert ref.ask(Note(text="two"), timeout=WAIT_SECONDS) == 2
    assert ref.proxy().texts().get(timeout=WAIT_SECONDS) == ["one", "two"]


def test_a_broadcast_of_the_registry_arrives(stage: Stage) -> None:
    listener = stage.listener()
    ActorRegistry.broadcast(Note(text="to all"), Listener)
    stage.settle()
    assert listener.texts() == ["to all"]


def test_an_exception_under_ask_goes_to_the_asker_and_the_actor_lives(production: Stage) -> None:
    ref = production.listener().actor_ref
    with pytest.raises(SystemExit):
        ref.ask(Poison(error="SystemExit"), timeout=WAIT_SECONDS)
    assert ref.ask(Note(text="alive"), timeout=WAIT_SECONDS) == 1


def test_a_failing_proxy_call_goes_to_the_asker_and_the_actor_lives(production: Stage) -> None:
    ref = production.listener().actor_ref
    with pytest.raises(AttributeError):
        ref.ask(ProxyCall(("no_such_method",), (), {}), timeout=WAIT_SECONDS)
    assert ref.is_alive()


def test_stop_through_a_ref_answers_and_a_dead_ref_refuses(production: Stage) -> None:
    ref = production.listener().actor_ref
    assert ref.stop(timeout=WAIT_SECONDS) is True
    assert not ref.is_alive()
    assert ref.stop(timeout=WAIT_SECONDS) is False
    with pytest.raises(ActorDeadError):
        ref.tell(Note(text="too late"))


def test_stop_all_of_the_registry_stops_our_actors(production: Stage) -> None:
    production.listener()
    assert ActorRegistry.stop_all(timeout=WAIT_SECONDS) == [True]
    assert production.system.mailboxes == {}


def test_an_actor_stops_itself_with_pykkas_stop(stage: Stage) -> None:
    listener = stage.listener()
    listener.stop()
    stage.settle()
    assert not listener.actor_ref.is_alive()


def test_a_stopped_actor_is_freed(simulated: Stage) -> None:
    dead = weakref.ref(simulated.listener())
    simulated.system.stop(LISTENER, WAIT_SECONDS)
    gc.collect()
    assert dead() is None
