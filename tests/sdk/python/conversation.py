# SPDX-License-Identifier: Apache-2.0
"""A long conversation, made by program: small talk of many kinds between Marta and her assistant over months, with
facts said once in the midst of it. The same at every run."""
import datetime
import random
import typing

SPEAKER, HELPER = "Marta", "Juno"
SESSIONS = 14
EXCHANGES = 15  # two turns each
FIRST_DAY = datetime.datetime(2024, 1, 5, 18, 30, tzinfo=datetime.timezone.utc)


class Turn(typing.NamedTuple):
    role: str
    role_type: str
    content: str
    created_at: str


class Fact(typing.NamedTuple):
    text: str
    question: str


FACTS = [
    Fact("My sister Ingrid keeps bees on the roof of her bakery in Tromsø.", "Where does Ingrid keep her bees?"),
    Fact("I broke my left wrist ice skating on Lake Mälaren when I was eleven.",
         "Which wrist did Marta break skating?"),
    Fact("The password for the cottage gate is written under the blue flowerpot.",
         "Where is the gate password written?"),
    Fact("Dr. Okafor told me that I am allergic to penicillin.", "What is Marta allergic to?"),
    Fact("We adopted a three-legged greyhound and called him Comet.", "What is the greyhound called?"),
    Fact("My grandfather carved violins in a workshop behind the cathedral.", "Who carved violins?"),
    Fact("I quit my job at the insurance company to study marine biology.", "What is Marta going to study?"),
    Fact("Our wedding anniversary is on the ninth of September.", "When is the wedding anniversary?"),
    Fact("The neighbours' twins, Oskar and Vera, are learning the trombone.",
         "Which instrument are the twins learning?"),
    Fact("I won second prize with a photograph of a fog bank over the fjord.", "What was on the prize photograph?"),
    Fact("Henrik proposed to me in a broken cable car above Innsbruck.", "Where did Henrik propose?"),
    Fact("My passport expires in April, so I must go to the embassy in Lisbon.", "When does the passport expire?"),
    Fact("We buried a tin box with letters beneath the old walnut tree.", "What lies beneath the walnut tree?"),
    Fact("I am terrified of elevators ever since the power cut in Rotterdam.", "Why is Marta afraid of elevators?"),
    Fact("My favourite dessert is a quince tart with cardamom.", "Which dessert does Marta like best?"),
    Fact("The car is insured by Polaris and the policy number ends in 4471.", "Who insured the car?"),
    Fact("Aunt Benedikta left me a harpsichord that nobody can tune.", "Who left the harpsichord?"),
    Fact("I volunteer at the seal sanctuary every second Saturday.", "Where does Marta volunteer?"),
    Fact("Our flat in Graz flooded because a washing machine hose burst.", "Why did the flat in Graz flood?"),
    Fact("I learnt Portuguese from a retired sailor named Tomé.", "Who taught Marta Portuguese?"),
    Fact("My doctoral supervisor will be Professor Nakagawa from Hokkaido.", "Who will supervise the doctorate?"),
    Fact("The spare key hangs behind the barometer in the hallway.", "Where does the spare key hang?"),
    Fact("Henrik's band plays in the Copper Kettle on the last Friday of each month.",
         "Where does Henrik's band play?"),
    Fact("I cannot eat celery, it makes my throat swell.", "What happens when Marta eats celery?"),
]

_SMALL_TALK = [
    "I spent the {part} {doing} and it was {how}.",
    "Do you think {thing} is worth the {cost}?",
    "It has been {weather} here since {day}, so I stayed in and went on with {thing}.",
    "My colleague {person} talks about nothing but {thing} these days.",
    "I read that {thing} is {how} for the mood, which I find hard to believe.",
    "Could you remind me to look at {thing} on {day}?",
    "{person} and I argued about {thing} again, it was {how}.",
    "I tried {doing} before work and felt {how} all {part}.",
    "Honestly, {doing} on a {weather} {part} takes more patience than I have.",
    "There was a long queue for {thing} on {day}, and it was {weather}.",
    "What would you say to someone who finds {doing} {how}?",
    "I think I will give {thing} to {person} as a present.",
    "The whole {part} went by with {doing}; I am tired but content.",
    "{person} sent me a message about {thing}, I have not answered yet.",
    "This {weather} weather makes {doing} {how}.",
]
_REPLIES = [
    "That sounds {how}. What made you think of {thing}?",
    "I can note {thing} for {day}, if you like.",
    "Many people find {doing} {how} at the beginning, {person} too.",
    "How did {person} take it, and what of {thing}?",
    "A {part} of {doing} is never lost, I would say.",
    "With such {weather} days, {thing} may be a good idea.",
    "Let us come back to {thing} on {day}, then.",
    "I see. And does {doing} with {person} still please you?",
    "You could ask {person} for advice about {thing}.",
    "Thank you for telling me; so the {part} with {thing} was {how}.",
]
_WORDS = {
    "part": ["morning", "afternoon", "evening", "weekend", "lunch break", "day"],
    "doing": ["repainting the shelves", "sorting old receipts", "practising yoga", "baking rye bread", "weeding",
              "hiking along the ridge", "knitting a scarf", "cleaning the bicycle", "playing chess", "writing postcards",
              "watching documentaries", "swimming lengths", "learning calligraphy", "mending socks"],
    "thing": ["the new tram line", "that cookery course", "the crossword", "a second-hand armchair", "the tax form",
              "the museum ticket", "a pair of hiking boots", "the farmers' market", "a standing desk",
              "the library card", "that podcast on maps", "the kitchen lamp", "a raincoat", "the jazz evening"],
    "how": ["lovely", "exhausting", "strange", "soothing", "dull", "surprisingly fun", "confusing", "cheerful"],
    "cost": ["money", "trouble", "wait", "effort"],
    "weather": ["grey", "windy", "mild", "stormy", "bright", "drizzly", "freezing"],
    "day": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Sunday"],
    "person": ["Astrid", "Luc", "Yusuf", "Greta", "Paolo", "Mei", "Dorian", "Sanne"],
}


def sessions() -> typing.List[typing.List[Turn]]:
    """The sessions in the order in which they were held, each a list of its turns."""
    talk = _Talk(20240105)
    places = _places(talk.dice)
    return [_session(talk, number, places) for number in range(SESSIONS)]


def _places(dice) -> typing.Dict[typing.Tuple[int, int], Fact]:
    """Where each fact is said: (session, exchange). None in the last session, or among the last turns of one."""
    free = [(session, exchange) for session in range(SESSIONS - 1) for exchange in range(2, EXCHANGES - 4)]
    return dict(zip(dice.sample(free, len(FACTS)), FACTS))


class _Talk:
    """Sentences from patterns and words, none twice."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.said = set()

    def any(self, patterns) -> str:
        while True:
            words = {name: self.dice.choice(choices) for name, choices in _WORDS.items()}
            text = self.dice.choice(patterns).format(**words)
            if text not in self.said:
                self.said.add(text)
                return text[0].upper() + text[1:]


def _session(talk, number, places) -> typing.List[Turn]:
    start = FIRST_DAY + datetime.timedelta(days=12 * number)
    turns = []
    for exchange in range(EXCHANGES):
        fact = places.get((number, exchange))
        said = fact.text if fact else talk.any(_SMALL_TALK)
        turns.append(Turn(SPEAKER, "user", said, _time(start, 2 * exchange)))
        turns.append(Turn(HELPER, "assistant", talk.any(_REPLIES), _time(start, 2 * exchange + 1)))
    return turns


def _time(start, minutes) -> str:
    return (start + datetime.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
