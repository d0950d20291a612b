select breaker_close($1)
