//! Having an order brought: the form, what is sent of it, and what is said of its courier.
//!
//! Invariant: what is asked for is a whole address, and what is ordered is brought there for the fee that was answered.

use bff_api::{Address, Checkout, Courier, Fulfilment, Order};

/// A field of the form: its label, what browsers fill it in with, and whether a courier needs it.
pub type Field = (&'static str, &'static str, bool);

/// The form, from above. [`Bringing::fields`] has the texts in the same order.
pub const FIELDS: [Field; 8] = [
    ("Name", "name", true),
    ("Street and number", "address-line1", true),
    ("Floor, door", "address-line2", false),
    ("Postcode", "postal-code", true),
    ("Town", "address-level2", true),
    ("Country, two letters", "country", true),
    ("Phone", "tel", false),
    ("Note for the courier", "off", false),
];

/// The choice in the checkout form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bringing {
    /// Whether it is to be brought.
    pub wanted: bool,
    /// The address as typed.
    pub fields: [String; FIELDS.len()],
}

impl Bringing {
    /// The address, once all of it is there that a courier needs.
    #[must_use]
    pub fn address(&self) -> Option<Address> {
        let typed = self.fields.each_ref().map(|text| text.trim().to_owned());
        let whole = FIELDS
            .iter()
            .zip(&typed)
            .all(|((.., needed), text)| !needed || !text.is_empty());
        if !self.wanted || !whole {
            return None;
        }
        let [name, street, extra, postcode, city, country, phone, note] = typed;
        let said = |text: String| Some(text).filter(|text| !text.is_empty());
        Some(Address {
            name,
            street,
            extra: said(extra),
            postcode,
            city,
            country: country.to_uppercase(),
            phone: said(phone),
            note: said(note),
        })
    }
}

/// What is said when something can't be brought, if that is why it was refused.
#[must_use]
pub fn refused(slug: Option<&str>) -> Option<&'static str> {
    match slug? {
        "address-invalid" => Some("This address can't be right. Please check it."),
        "address-out-of-reach" => Some("We don't deliver there. You're welcome to pick it up."),
        "delivery-fee-changed" => {
            Some("Delivery costs something else by now. Please look at it again, then order.")
        }
        _ => None,
    }
}

/// What the customer is told while her order is brought; nothing if its own step says all.
#[must_use]
pub fn announcement(order: &Order) -> Option<&'static str> {
    let courier = order.delivery.as_ref()?.courier;
    if order.checkout != Checkout::Confirmed {
        return None;
    }
    match (order.fulfilment, courier) {
        (Fulfilment::Waiting, Courier::Awaited) => Some("We're looking for a courier."),
        (Fulfilment::Ready, Courier::Dispatched) => Some("It's on its way to you."),
        (Fulfilment::Ready, Courier::Failed) => {
            Some("The courier couldn't hand it over. It waits for you at the counter.")
        }
        (Fulfilment::Ready, _) => Some("It's ready, and your courier comes for it."),
        _ => None,
    }
}

/// Why the barista leaves an order where it is, if she does.
#[must_use]
pub fn held_up(order: &Order) -> Option<&'static str> {
    let courier = order.delivery.as_ref()?.courier;
    match (order.fulfilment, courier) {
        (Fulfilment::Waiting, Courier::Awaited | Courier::Failed) => Some("Waits for a courier"),
        (Fulfilment::Ready, Courier::Failed) => None,
        (Fulfilment::Ready, Courier::Dispatched) => Some("On its way"),
        (Fulfilment::Ready, _) => Some("For the courier"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Bringing, FIELDS, announcement, held_up, refused};
    use crate::fixture::{euro, order};
    use bff_api::{Courier, Delivery, Fulfilment, Order};

    fn typed() -> Bringing {
        let fields = ["Ada", "Rynek 1", " ", "31-042", "Kraków ", "pl", "", "Ring"];
        Bringing {
            wanted: true,
            fields: fields.map(str::to_owned),
        }
    }

    #[test]
    fn an_address_is_sent_once_all_of_it_is_there() {
        let address = typed().address().expect("an address");
        assert_eq!(
            (address.city.as_str(), address.country.as_str()),
            ("Kraków", "PL")
        );
        assert_eq!(
            (address.extra, address.note.as_deref()),
            (None, Some("Ring"))
        );
        let mut fetched = typed();
        fetched.wanted = false;
        assert_eq!(fetched.address(), None);
        for (place, (.., needed)) in FIELDS.iter().enumerate() {
            let mut without = typed();
            without.fields[place].clear();
            assert_eq!(without.address().is_none(), *needed, "{place}");
        }
    }

    fn brought(fulfilment: Fulfilment, courier: Courier) -> Order {
        let mut order = order(1, 2);
        order.fulfilment = fulfilment;
        order.delivery = Some(Delivery {
            fee: euro(250),
            minutes: 25,
            courier,
        });
        order
    }

    #[test]
    fn the_barista_waits_for_the_courier_and_the_customer_is_told_so() {
        use Courier::{Awaited, Booked, Dispatched, Failed};
        use Fulfilment::{Preparation, Ready, Waiting};
        for (fulfilment, courier, held, told) in [
            (Waiting, Awaited, true, true),
            (Waiting, Booked, false, false),
            (Preparation, Booked, false, false),
            (Ready, Booked, true, true),
            (Ready, Dispatched, true, true),
            (Ready, Failed, false, true),
        ] {
            let order = brought(fulfilment, courier);
            let said = (held_up(&order).is_some(), announcement(&order).is_some());
            assert_eq!(said, (held, told), "{fulfilment:?} {courier:?}");
        }
        let fetched = order(1, 2);
        assert_eq!((held_up(&fetched), announcement(&fetched)), (None, None));
    }

    #[test]
    fn why_nothing_is_brought_is_said() {
        for slug in [
            "address-invalid",
            "address-out-of-reach",
            "delivery-fee-changed",
        ] {
            assert!(refused(Some(slug)).is_some());
        }
        assert_eq!((refused(Some("sold-out")), refused(None)), (None, None));
    }
}
