"""Common words of seven languages, and sentences made of them. They need not make sense: they look as sentences do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digit_scenes.chance import happens


@dataclass(frozen=True)
class Language:
    """What sentences of a language are made of. All fields are words parted by blanks."""

    small: str
    """Articles, prepositions and other short words: nearly every other word."""
    words: str
    """Nouns, verbs and adjectives."""
    months: str
    """January to December."""
    days: str
    """Monday to Sunday."""
    places: str
    """What is numbered: rooms, pages, houses."""
    numbers: str
    """One to ten."""
    greetings: str
    """How letters begin; an underscore stands for a blank."""
    closings: str
    """How letters end."""


LANGUAGES = {
    "English": Language(
        "the a of in to and is for with on at from by my our your this that we you it was not all or if but so he she",
        "house garden school letter morning evening water bread milk apple table window street river mountain teacher "
        "friend mother brother doctor market ticket train station winter summer holiday weather question answer number "
        "paper pencil book story picture music garage kitchen bottle butter cheese sugar coffee dinner lunch office "
        "write read bring take send call meet wait buy sell open close clean finish start visit remember forget please "
        "thank good small large early late warm cold happy quiet yellow green blue important possible special simple "
        "between before after always never often today tomorrow yesterday without because really about through still "
        "order payment invoice total account receipt customer delivery product quality service meeting project report",
        "January February March April May June July August September October November December",
        "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
        "room page house flat floor lesson chapter bus gate class box seat week line unit",
        "one two three four five six seven eight nine ten",
        "Dear_ Hello_ Hi_ Dear_Sir Dear_Madam To_whom",
        "Yours_sincerely Best_wishes Kind_regards Love Thanks See_you_soon",
    ),
    "French": Language(
        "le la les un une de du des et à en au aux pour avec sur dans par est pas que qui il elle nous vous je ce",
        "maison jardin école lettre matin soir eau pain lait pomme table fenêtre rue rivière montagne maître ami mère "
        "frère médecin marché billet train gare hiver été vacances temps question réponse papier crayon livre histoire "
        "image musique cuisine bouteille beurre fromage sucre café dîner bureau écrire lire porter prendre envoyer "
        "appeler attendre acheter vendre ouvrir fermer finir visiter oublier merci bon petit grand chaud froid heureux "
        "jaune vert bleu important simple avant après toujours jamais souvent demain hier sans vraiment montant "
        "reçu client commande livraison garçon leçon forêt fête âge même très français",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "lundi mardi mercredi jeudi vendredi samedi dimanche",
        "page salle chambre leçon étage porte numéro ligne chapitre classe",
        "un deux trois quatre cinq six sept huit neuf dix",
        "Cher_ Chère_ Bonjour Madame Monsieur",
        "Cordialement Amicalement Bien_à_vous Merci À_bientôt",
    ),
    "German": Language(
        "der die das ein eine und in im zu von mit auf für ist nicht es wir sie ich er an bei aus nach den dem des so",
        "Haus Garten Schule Brief Morgen Abend Wasser Brot Milch Apfel Tisch Fenster Straße Fluss Berg Lehrer Freund "
        "Mutter Bruder Arzt Markt Karte Zug Bahnhof Winter Sommer Ferien Wetter Frage Antwort Papier Bleistift Buch "
        "Geschichte Bild Musik Küche Flasche Butter Käse Zucker Kaffee Mittag Büro schreiben lesen bringen nehmen "
        "schicken rufen warten kaufen öffnen fertig besuchen vergessen bitte danke gut klein groß früh spät warm kalt "
        "froh ruhig gelb grün blau wichtig möglich einfach vorher immer nie oft heute morgen gestern ohne wirklich "
        "Rechnung Betrag Summe Kunde Bestellung Lieferung Größe Stück schön Übung Mädchen",
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
        "Seite Zimmer Raum Haus Stock Klasse Nr. Zeile Kapitel Bus Gleis Aufgabe",
        "eins zwei drei vier fünf sechs sieben acht neun zehn",
        "Liebe_ Lieber_ Hallo_ Guten_Tag",
        "Viele_Grüße Mit_freundlichen_Grüßen Bis_bald Danke Deine",
    ),
    "Spanish": Language(
        "el la los las un una de del y a en con por para que no es se su mi lo al más como pero este esta muy ya",
        "casa jardín escuela carta mañana tarde agua pan leche manzana mesa ventana calle río montaña maestro amigo "
        "madre hermano médico mercado billete tren estación invierno verano tiempo pregunta respuesta papel lápiz "
        "historia música cocina botella queso azúcar café cena oficina escribir leer traer tomar enviar llamar esperar "
        "comprar vender abrir cerrar terminar olvidar gracias bueno pequeño grande temprano caliente frío feliz "
        "amarillo verde azul importante posible simple antes después siempre nunca hoy ayer sin niño año señor factura "
        "importe pedido cliente entrega dinero total precio fecha nombre",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "lunes martes miércoles jueves viernes sábado domingo",
        "página sala piso lección número casa puerta línea clase mesa",
        "uno dos tres cuatro cinco seis siete ocho nueve diez",
        "Querida_ Querido_ Hola_ Estimado_",
        "Saludos Un_abrazo Gracias Atentamente Besos",
    ),
    "Portuguese": Language(
        "o a os as um uma de do da e em no na com por para que não se seu meu mais como mas este esta muito já ao",
        "casa jardim escola carta manhã tarde água pão leite maçã mesa janela rua rio montanha professor amigo mãe "
        "irmão médico mercado bilhete trem estação inverno verão tempo pergunta resposta papel lápis livro história "
        "música cozinha garrafa queijo açúcar café jantar escritório escrever ler trazer tomar enviar chamar esperar "
        "comprar vender abrir fechar terminar esquecer obrigado bom pequeno grande cedo quente frio feliz amarelo "
        "azul importante simples antes depois sempre nunca hoje ontem sem valor pedido cliente entrega dinheiro preço "
        "data nome coração lição",
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "segunda terça quarta quinta sexta sábado domingo",
        "página sala andar lição número casa porta linha turma",
        "um dois três quatro cinco seis sete oito nove dez",
        "Querida_ Querido_ Olá_ Prezado_",
        "Abraços Um_beijo Obrigado Atenciosamente",
    ),
    "Swahili": Language(
        "na ya wa kwa ni la za katika yangu yako yake hii huyu sana pia au bila kama si ndiyo hapa leo kesho jana",
        "nyumba bustani shule barua asubuhi jioni maji mkate maziwa embe meza dirisha barabara mto mlima mwalimu "
        "mama kaka daktari soko tiketi gari kituo mvua jua likizo swali jibu karatasi kalamu kitabu hadithi picha "
        "muziki jikoni chupa sukari kahawa chakula ofisi andika soma leta chukua tuma piga ngoja nunua uza fungua "
        "maliza tembelea kumbuka sahau tafadhali asante nzuri ndogo kubwa mapema moto baridi furaha njano kijani bluu "
        "muhimu rahisi kabla baada daima kila mtoto wanafunzi dawa hospitali kilo bei malipo jumla jina tarehe umri",
        "Januari Februari Machi Aprili Mei Juni Julai Agosti Septemba Oktoba Novemba Desemba",
        "Jumatatu Jumanne Jumatano Alhamisi Ijumaa Jumamosi Jumapili",
        "ukurasa chumba nyumba darasa namba somo kidato",
        "moja mbili tatu nne tano sita saba nane tisa kumi",
        "Mpendwa_ Habari_ Ndugu_",
        "Asante_sana Wako Karibu Kwaheri",
    ),
    "Czech": Language(
        "a v na se je to s z do o k za pro ale že jak ten ta my on ona u po od při jen už tak kde když není ve",
        "dům zahrada škola dopis ráno večer voda chléb mléko jablko stůl okno ulice řeka hora učitel přítel matka "
        "lékař trh lístek vlak nádraží zima léto prázdniny počasí otázka odpověď papír tužka kniha příběh obraz hudba "
        "kuchyň lahev máslo sýr cukr káva oběd práce psát číst nosit brát poslat volat čekat koupit prodat otevřít "
        "zavřít hotovo prosím děkuji dobrý malý velký brzy teplý studený žlutý modrý zelený důležité možné před vždy "
        "nikdy často dnes zítra včera bez účet částka cena datum jméno kus město paní",
        "leden únor březen duben květen červen červenec srpen září říjen listopad prosinec",
        "pondělí úterý středa čtvrtek pátek sobota neděle",
        "strana pokoj dům třída číslo řádek patro lekce",
        "jedna dva tři čtyři pět šest sedm osm devět deset",
        "Milá_ Milý_ Ahoj_ Dobrý_den",
        "S_pozdravem Mějte_se Děkuji Ahoj",
    ),
}
"""By name."""
LANGUAGE_SHARES = {
    "English": 0.4,
    "French": 0.13,
    "German": 0.13,
    "Spanish": 0.1,
    "Portuguese": 0.08,
    "Swahili": 0.08,
    "Czech": 0.08,
}
"""How many pages are in each."""


def any_language(rng: np.random.Generator) -> Language:
    """A page's language."""
    return LANGUAGES[str(rng.choice(list(LANGUAGE_SHARES), p=list(LANGUAGE_SHARES.values())))]


def pick(rng: np.random.Generator, words: str | Sequence[str]) -> str:
    """One of some words, or of a string of words parted by blanks."""
    choices = words.split() if isinstance(words, str) else words
    return str(choices[int(rng.integers(len(choices)))])


def _marked(rng: np.random.Generator, word: str, language: Language) -> str:
    """A word as it stands in a sentence: at times with a comma, in brackets, in quotes, or beside another."""
    kind = rng.uniform()
    if kind < 0.06:
        return word + ","
    if kind < 0.09:
        return f"({word})"
    if kind < 0.105:
        return f'"{word}"'
    if kind < 0.135:
        return f"{word}{rng.choice(['/', '-', ' + ', ' = ', ' & ', ' - ', ': '])}{pick(rng, language.words)}"
    return word


def sentence(rng: np.random.Generator, language: Language) -> list[str]:
    """A sentence's words, the punctuation at their ends."""
    words: list[str] = []
    small = happens(rng, 0.5)
    for _ in range(int(rng.integers(3, 12))):
        words.append(pick(rng, language.small if small else language.words))
        small = not small if happens(rng, 0.8) else small
        if happens(rng, 0.03):
            words.append(pick(rng, language.days + " " + language.months + " " + language.numbers))
        words[-1] = _marked(rng, words[-1], language)
    words[0] = words[0][0].upper() + words[0][1:]
    words[-1] = words[-1].rstrip(",") + str(rng.choice([".", ".", ".", ".", "!", "?", "", ":"]))
    return words
