using BloodPlatform.Partners.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Partners.Tests.Rules;

public sealed class SignInTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 5, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_fifth_wrong_pin_locks_for_a_quarter_of_an_hour()
    {
        var (failed, locked) = (0, (DateTimeOffset?)null);
        for (var i = 1; i <= 5; i++)
        {
            Assert.False(SignIn.IsLocked(locked, Now));
            (failed, locked) = SignIn.After(false, failed, Now);
        }
        Assert.True(SignIn.IsLocked(locked, Now));
        Assert.True(SignIn.IsLocked(locked, Now.AddMinutes(15).AddTicks(-1)));
        Assert.False(SignIn.IsLocked(locked, Now.AddMinutes(15)));
        Assert.Equal(0, failed);
    }

    [Fact]
    public void Whatever_the_order_of_tries_five_wrong_ones_in_a_row_lock_and_nothing_else_does() => Prop.ForAll<bool[]>(tries =>
    {
        var (failed, inARow) = (0, 0);
        foreach (var right in tries)
        {
            (failed, var locked) = SignIn.After(right, failed, Now);
            inARow = right ? 0 : inARow + 1;
            if (locked is not null != (inARow == 5)) return false;
            if (locked is not null) inARow = 0;
        }
        return true;
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("active", 0, true)]
    [InlineData("active", 1, true)]
    [InlineData("active", -1, false)]
    [InlineData("suspended", 1, false)]
    public void The_last_qualified_day_still_counts(string status, int daysLeft, bool may)
    {
        var today = new DateOnly(2026, 3, 5);
        Assert.Equal(may, SignIn.MayAct(status, today.AddDays(daysLeft), today));
    }
}
