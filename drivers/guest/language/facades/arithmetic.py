"""Numbers: math, decimal, fractions, statistics."""

import math

from drivers.guest.language.facade import Facade
from drivers.guest.language.facades.picking import facade_of
from drivers.guest.language.tables import allow

_MATH = (
    "acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist e erf "
    "erfc exp exp2 expm1 fabs factorial floor fma fmod frexp fsum gamma gcd hypot inf isclose "
    "isfinite isinf isnan isqrt lcm ldexp lgamma log log10 log1p log2 modf nan nextafter perm pi "
    "pow prod radians remainder sin sinh sqrt sumprod tan tanh tau trunc ulp"
)
_DECIMAL = (
    "Decimal ROUND_CEILING ROUND_DOWN ROUND_FLOOR ROUND_HALF_DOWN ROUND_HALF_EVEN ROUND_HALF_UP "
    "ROUND_UP ROUND_05UP DecimalException DivisionByZero InvalidOperation"
)
_STATISTICS = (
    "StatisticsError correlation covariance fmean geometric_mean harmonic_mean linear_regression "
    "mean median median_grouped median_high median_low mode multimode pstdev pvariance quantiles "
    "stdev variance"
)


def _math() -> Facade:
    return facade_of(math, _MATH)


def _decimal() -> Facade:
    import decimal  # noqa: PLC0415 - loaded only where its facade is wanted

    allow(
        decimal.Decimal,
        "adjusted as_integer_ratio as_tuple canonical compare compare_total conjugate copy_abs "
        "copy_negate copy_sign exp fma from_float imag is_finite is_infinite is_nan is_normal "
        "is_signed is_zero ln log10 logb max min next_minus next_plus normalize number_class "
        "quantize real remainder_near rotate same_quantum scaleb shift sqrt to_eng_string "
        "to_integral to_integral_exact to_integral_value",
    )
    allow(decimal.DecimalTuple, "digits exponent sign", known=False)
    return facade_of(decimal, _DECIMAL)


def _fractions() -> Facade:
    import fractions  # noqa: PLC0415 - loaded only where its facade is wanted

    allow(
        fractions.Fraction,
        "as_integer_ratio conjugate denominator from_decimal from_float imag is_integer "
        "limit_denominator numerator real",
    )
    return facade_of(fractions, "Fraction")


def _statistics() -> Facade:
    import statistics  # noqa: PLC0415 - loaded only where its facade is wanted

    allow(statistics.LinearRegression, "intercept slope", known=False)
    return facade_of(statistics, _STATISTICS)


BUILDERS = {
    "decimal": _decimal,
    "fractions": _fractions,
    "math": _math,
    "statistics": _statistics,
}
