using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Tests.Rules;

public sealed class IdentityDocumentTests
{
    private static readonly DateOnly Today = new(2026, 6, 14);

    [Theory]
    [InlineData("resident-id", "11010519491231002X", "1949-12-31", "female")]
    [InlineData("resident-id", "11010519491231002x", "1949-12-31", "female")]
    [InlineData("resident-id", "34052419800101001X", "1980-01-01", "male")]
    [InlineData("resident-id", "440703199001010017", "1990-01-01", "male")]
    [InlineData("resident-id", "440703199001010025", "1990-01-01", "female")]
    [InlineData("hmt-residence-permit", "810000199001010019", "1990-01-01", "male")]
    [InlineData("hmt-residence-permit", "820000199001010010", "1990-01-01", "male")]
    [InlineData("hmt-residence-permit", "830000199001010012", "1990-01-01", "male")]
    public void A_number_with_its_check_digit_says_when_he_was_born_and_as_what(string kind, string number, string born, string sex)
    {
        var (document, rejection) = IdentityDocument.Read(kind, number, Today);
        Assert.Null(rejection);
        Assert.Equal((DateOnly.Parse(born, null), sex), (document!.BirthDate!.Value, document.Sex));
    }

    [Theory]
    [InlineData("resident-id", "340524198001010013")] // X belongs there
    [InlineData("resident-id", "440524188001010014")] // the check digit is right, the age is not
    [InlineData("resident-id", "440703199013010013")]
    [InlineData("resident-id", "44070319900101001")]
    [InlineData("resident-id", "810000199001010019")]
    [InlineData("hmt-residence-permit", "440703199001010017")]
    [InlineData("hk-macau-permit", "A12345678")]
    [InlineData("hk-macau-permit", "H1234567")]
    [InlineData("hk-macau-permit", "H123456789")]
    [InlineData("taiwan-permit", "1234567")]
    [InlineData("taiwan-permit", "123456789")]
    [InlineData("passport", "E1")]
    [InlineData("passport", "E12345678901234567890")]
    [InlineData("passport", "E1234<5678")]
    [InlineData("passport", "\u041512345678")] // a Cyrillic E
    [InlineData("passport", "E一二三四")]
    [InlineData("passport", "E\u0661\u0662\u0663\u0664")] // Arabic digits
    [InlineData("passport", "E-1-2")]
    [InlineData("foreign-permanent-residence", "\u041512345678")]
    public void What_can_be_no_number_of_the_kind_is_refused(string kind, string number) =>
        Assert.Equal(Problems.DocumentInvalid, IdentityDocument.Read(kind, number, Today).Rejection!.Problem);

    [Theory]
    [InlineData("hk-macau-permit", "H12345678", "H1234567800")]
    [InlineData("hk-macau-permit", "m1234567801", "M1234567802")]
    [InlineData("taiwan-permit", "12345678", "1234567801")]
    [InlineData("passport", "e 1234 5678", "E12345678")]
    [InlineData("passport", "Ｅ１２３４５６７８", "E12345678")]
    [InlineData("passport", "E-12345678", "E12345678")]
    [InlineData("passport", "ｅ\u3000１２３４－５６７８", "E12345678")]
    [InlineData("passport", "E\u200B1234\u20115678", "E12345678")]
    [InlineData("military-id", "南字第-12345678", "南字第１２３４５６７８")]
    [InlineData("hk-macau-permit", "Ｈ１２３４５６７８", "H1234567801")]
    [InlineData("resident-id", "１１０１０５１９４９１２３１００２ｘ", "11010519491231002X")]
    [InlineData("resident-id", "110105-19491231-002Ｘ", "11010519491231002X")]
    public void A_renewed_card_is_the_same_person(string kind, string one, string other) =>
        Assert.Equal(IdentityDocument.Read(kind, one, Today).Document!.Identity, IdentityDocument.Read(kind, other, Today).Document!.Identity);

    [Fact]
    public void What_is_said_must_agree_with_the_document()
    {
        var document = IdentityDocument.Read("resident-id", "440703199001010017", Today).Document!;
        Assert.Null(document.Person(null, null, Today).Rejection);
        Assert.Null(document.Person(new DateOnly(1990, 1, 1), "male", Today).Rejection);
        Assert.Equal(Problems.IdentityContradiction, document.Person(new DateOnly(1990, 1, 2), null, Today).Rejection!.Problem);
        Assert.Equal(Problems.IdentityContradiction, document.Person(null, "female", Today).Rejection!.Problem);
    }

    [Fact]
    public void A_document_that_does_not_bear_them_needs_sex_and_birth_date()
    {
        var document = IdentityDocument.Read("passport", "E12345678", Today).Document!;
        Assert.Equal(["/sex", "/birthDate"], document.Person(null, null, Today).Rejection!.Errors.Select(e => e.Pointer));
        Assert.Equal(["/birthDate"], document.Person(new DateOnly(2027, 1, 1), "male", Today).Rejection!.Errors.Select(e => e.Pointer));
        Assert.Null(document.Person(new DateOnly(1990, 1, 1), "male", Today).Rejection);
    }
}
