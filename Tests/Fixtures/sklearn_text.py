"""Text vectorizers: bare, before models, and within column transformers and unions."""
import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, Normalizer, OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

import sklearn_cases
from sklearn_cases import case, full_case, generator, parity_case, town

# What is hard about text: final sigma, dotted capital I, sharp s, marks that combine, ligatures, Hangul, digits of other
# scripts, Roman numerals, white space of all kinds, underscores, apostrophes, emoji, nothing at all.
HARD = [
    "ΟΔΟΣ ΟΔΟΣ.ΣΑΣ Σ ΣΣ α.Σ ΑΣ\u0301 ΑΣ\u0301Α ΌΣΟΣ_Σ", "İSTANBUL Iğdır ıI İİ i\u0307", "Straße STRASSE ẞ ßß",
    "café cafe\u0301 CAFÉ ÅÄÖ Å ñandú n\u0303", "ﬁne ﬂat ½ ² x² ⅷ Ⅷ ① ｆｕｌｌ　ｗｉｄｔｈ", "한국어 텍스트 각 가",
    "हिन्दी में पाठ १२३ عربي نص ٤٥٦", "中文 字符 一二三 日本語テキスト ｶﾞ", "a_b _c __ d1 1d 12 3.14 don't can't o'clock",
    "tab\tnew\nline\r\nvt\x0bff\x0cfs\x1cgs\x1dnel\x85nbsp\xa0em\u2003ls\u2028end", "😀 emoji 👨‍👩‍👧 zwj\u200djoin soft\xadhyphen",
    "", " ", "x", "   spaces   everywhere   ", "the cat and the dog are not here", "Ǆ ǅ ǆ Ĳ ŉ ŀ K Ω ſ ϐ µ ℵ ℓ №", "ᾳ ᾼ ΐ ΰ ῼ Ὀ",
    "Ꮳ ꮳ Ა ა Ɐ ᲀ", "𐐀𐐨 𝐀𝒷 𝟙𝟚 🄰 ㎏ ㍿ ﷺ ﷽", "\u1e9b\u0323 \u0344 \u2126 \u212b \uf900 \U0002f800 e\u0301\u0323",
]
WORDS = ["red", "Green", "blue", "the", "fish", "CAT", "dog", "naïve", "Größe", "run", "running", "x1", "and", "a", "I",
         "Σοφός", "ΛΌΓΟΣ", "niño", "co-op", "e-mail", "U.S.", "über", "soufflé", "ﬁsh", "42", "_id", "smile 😀"]


def texts(seed, count=40):
    random = generator(seed)
    return [" ".join(random.choice(WORDS, random.integers(1, 9))) for _ in range(count)]


def documents(seed):
    """Training texts, and texts to answer for: some of those, hard ones, and hard characters mixed at random."""
    random = generator(seed)
    characters = list("".join(HARD)) + list(" aAsS.,-'")
    mixed = ["".join(random.choice(characters, random.integers(1, 40))) for _ in range(12)]
    fitted = texts(seed) + HARD
    return fitted, fitted[:6] + HARD + mixed


def vectorizer(name, make, is_full=False):
    def fitted(seed=300 + sum(map(ord, name)) % 90):
        X, rows = documents(seed)
        if is_full and sklearn_cases.SEED == 0:
            # Small enough to be committed.
            X = [text[:40] for text in X[:4] + HARD[:8]]
            rows = rows[:2] + HARD[:12]
        return make().fit(X), rows, {}

    fitted.__name__ = name
    (full_case if is_full else parity_case)(fitted)


vectorizer("count_words", CountVectorizer, True)
vectorizer("count_binary", lambda: CountVectorizer(binary=True, ngram_range=(1, 2)))
vectorizer("count_trigrams", lambda: CountVectorizer(ngram_range=(2, 3), lowercase=False))
vectorizer("count_stop_words", lambda: CountVectorizer(stop_words="english", ngram_range=(1, 2), min_df=2))
vectorizer("count_own_stop_words", lambda: CountVectorizer(stop_words=["red", "größe", "ΟΔΟΣ"]))
vectorizer("count_accents_unicode", lambda: CountVectorizer(strip_accents="unicode"), True)
vectorizer("count_accents_ascii", lambda: CountVectorizer(strip_accents="ascii"), True)
vectorizer("count_accents_characters", lambda: CountVectorizer(strip_accents="unicode", analyzer="char", min_df=1))
vectorizer("count_characters", lambda: CountVectorizer(analyzer="char", ngram_range=(1, 3), max_features=40), True)
vectorizer("count_characters_in_words", lambda: CountVectorizer(analyzer="char_wb", ngram_range=(2, 4), max_features=40), True)
vectorizer("count_long_characters_in_words", lambda: CountVectorizer(analyzer="char_wb", ngram_range=(3, 7)))
vectorizer("count_single_characters_in_words", lambda: CountVectorizer(analyzer="char_wb"))
vectorizer("count_max_features", lambda: CountVectorizer(max_features=9))
for index, pattern in enumerate([
        r"(?u)\b\w+\b", r"\w+", r"\w{3,}", r"\S+", r"[^\s]+", r"[a-zA-Z]+", r"\b[a-zA-Z]{2,}\b", r"\b[a-z0-9_]+\b",
        r"\b\w\w\w*\b", r"\S\S+", r"[A-Z][A-Z]+"]):
    vectorizer(f"count_pattern_{index}", lambda pattern=pattern, index=index: CountVectorizer(
        token_pattern=pattern, lowercase=index % 2 == 1))
vectorizer("tfidf_words", TfidfVectorizer)
vectorizer("tfidf_sublinear", lambda: TfidfVectorizer(sublinear_tf=True, norm="l1", ngram_range=(1, 2), min_df=2))
vectorizer("tfidf_plain", lambda: TfidfVectorizer(use_idf=False, norm=None))
vectorizer("tfidf_smoothless", lambda: TfidfVectorizer(smooth_idf=False, binary=True, max_features=15), True)
vectorizer("hashing", lambda: HashingVectorizer(n_features=16), True)
vectorizer("hashing_unsigned", lambda: HashingVectorizer(n_features=7, alternate_sign=False, norm="l1"))
vectorizer("hashing_binary", lambda: HashingVectorizer(n_features=5, binary=True, norm=None))
vectorizer("hashing_characters", lambda: HashingVectorizer(n_features=1000, analyzer="char_wb", ngram_range=(1, 5)))
vectorizer("tfidf_transformer", lambda: make_pipeline(
    CountVectorizer(min_df=2), TfidfTransformer(sublinear_tf=True)))
vectorizer("tfidf_then_normalizer", lambda: make_pipeline(TfidfVectorizer(norm=None, min_df=2), Normalizer()))
vectorizer("union_of_vectorizers", lambda: FeatureUnion([
    ("words", TfidfVectorizer(min_df=2)), ("characters", CountVectorizer(analyzer="char", min_df=3))],
    transformer_weights={"words": 0.5}))
vectorizer("count_given_vocabulary", lambda: CountVectorizer(vocabulary=["red", "the", "καφές", "größe"]), True)


@case
def text_classifier():
    X = texts(350)
    y = np.array(["fish" if "fish" in text.lower() else "other" for text in X])
    model = make_pipeline(TfidfVectorizer(max_features=20), LogisticRegression())
    return model.fit(X, y), X[:8] + HARD[:6], {}


@parity_case
def text_hashed_classifier():
    X = texts(351)
    y = np.array([len(text) % 3 for text in X])
    model = make_pipeline(HashingVectorizer(n_features=64), LogisticRegression())
    return model.fit(X, y), X[:8] + HARD[:6], {}


def text_model(name, make):
    def fitted(seed=360 + sum(map(ord, name)) % 90):
        X = texts(seed)
        y = np.array([len(text) % 3 for text in X])
        return make().fit(X, y), X[:8] + HARD, {}

    fitted.__name__ = name
    parity_case(fitted)


text_model("text_linear_svc", lambda: make_pipeline(TfidfVectorizer(sublinear_tf=True), LinearSVC()))
text_model("text_sgd", lambda: make_pipeline(HashingVectorizer(n_features=500), SGDClassifier(loss="log_loss", random_state=1)))
text_model("text_multinomial_bayes", lambda: make_pipeline(CountVectorizer(), TfidfTransformer(), MultinomialNB()))
text_model("text_complement_bayes", lambda: make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), ComplementNB()))
text_model("text_selected", lambda: make_pipeline(
    TfidfVectorizer(ngram_range=(1, 2)), SelectKBest(chi2, k=15), LogisticRegression()))
text_model("text_union", lambda: make_pipeline(
    FeatureUnion([("words", TfidfVectorizer()), ("letters", CountVectorizer(analyzer="char_wb", ngram_range=(2, 3)))],
                 transformer_weights={"letters": 0.5}),
    MaxAbsScaler(), LogisticRegression()))


@parity_case
def texts_and_numbers():
    X, y = town(354, missing=0)
    X["title"] = texts(354, len(X))
    X["note"] = texts(355, len(X))
    columns = ColumnTransformer([
        ("title", TfidfVectorizer(ngram_range=(1, 2)), "title"),
        ("note", HashingVectorizer(n_features=200), "note"),
        ("numbers", StandardScaler(), ["rooms", "area"]),
        ("heating", OneHotEncoder(handle_unknown="ignore"), ["heating"]),
    ])
    return make_pipeline(columns, StandardScaler(with_mean=False), LogisticRegression()).fit(X, y > np.median(y)), X, {}


@parity_case
def text_regressor():
    X = texts(352)
    model = make_pipeline(CountVectorizer(ngram_range=(1, 2)), TfidfTransformer(), Ridge())
    return model.fit(X, [float(len(text)) for text in X]), X + HARD, {}


@full_case
def text_column_in_a_frame():
    X, y = town(353, missing=0)
    X["title"] = texts(353, len(X))
    columns = ColumnTransformer([
        ("title", TfidfVectorizer(max_features=12), "title"),
        ("heating", OneHotEncoder(handle_unknown="ignore"), ["heating"]),
        ("letters", CountVectorizer(analyzer="char", max_features=6), "district"),
    ], remainder="drop")
    return make_pipeline(columns, Ridge()).fit(X, y), X, {
        "unknown": {"title": "ΟΔΟΣ unseen red", "heating": "coal"}}
