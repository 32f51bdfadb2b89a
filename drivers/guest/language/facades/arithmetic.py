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
    "Clamped Decimal DecimalException DecimalTuple DivisionByZero FloatOperation Inexact "
    "InvalidOperation MAX_EMAX MAX_PREC MIN_EMIN MIN_ETINY Overflow ROUND_05UP ROUND_CEILING "
    "ROUND_DOWN ROUND_FLOOR ROUND_HALF_DOWN ROUND_HALF_EVEN ROUND_HALF_UP ROUND_UP Rounded "
    "Subnormal Underflow"
)
_NORMAL = "cdf from_samples inv_cdf mean median mode overlap pdf quantiles stdev variance zscore"
_STATISTICS = (
    "NormalDist StatisticsError correlation covariance fmean geometric_mean harmonic_mean "
    "linear_regression mean median median_grouped median_high median_low mode "
    "multimode pstdev pvariance quantiles stdev variance"
)


def _math() -> Facade:
    return facade_of(math, _MATH)


def _decimal() -> Facade:
    import decimal  # noqa: PLC0415 - loaded only where its facade is wanted

    allow(
        decimal.Decimal,
        "adjusted as_integer_ratio as_tuple canonical compare compare_signal compare_total "
        "compare_total_mag conjugate copy_abs copy_negate copy_sign exp fma from_float imag "
        "is_canonical is_finite is_infinite is_nan is_normal is_qnan is_signed is_snan "
        "is_subnormal is_zero ln log10 logb logical_and logical_invert logical_or logical_xor max "
        "max_mag min min_mag next_minus next_plus next_toward normalize number_class quantize "
        "radix real remainder_near rotate same_quantum scaleb shift sqrt to_eng_string "
        "to_integral to_integral_exact to_integral_value",
    )
    allow(decimal.DecimalTuple, "count digits exponent index sign")
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

    # Without samples(), which draws from the library's own generator: a fork repeats its numbers.
    allow(statistics.NormalDist, _NORMAL)
    allow(statistics.LinearRegression, "intercept slope", known=False)
    return facade_of(statistics, _STATISTICS)


BUILDERS = {
    "decimal": _decimal,
    "fractions": _fractions,
    "math": _math,
    "statistics": _statistics,
}
